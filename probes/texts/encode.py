"""Texts as rows of token numbers, none longer than the model can read."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from probes.errors import MesascopeWarning
from probes.language_model import LoadedModel
from probes.model_folder.contents import refused
from probes.texts.dataset import Text, TextError, TextSet
from probes.texts.plain import PlainTexts

COLUMNS = 4096
"""Token numbers are counted modulo this; tokenizers give the lowest ones to frequent tokens."""


@dataclass(frozen=True)
class EncodedTexts:
    """What a model reads.

    Attributes:
        rows: token numbers of each text, at least one.
        answer_starts: where in the row the first token of the answer stands, if there is one.
        cut: how many texts were longer than `longest` and lost tokens at their beginning.
        longest: tokens that a row has at most; None where there is no limit.
    """

    rows: tuple[tuple[int, ...], ...]
    answer_starts: tuple[int | None, ...]
    cut: int
    longest: int | None

    @property
    def digest(self) -> str:
        """Tells these rows and answers from others."""
        return hashlib.sha256(repr((self.rows, self.answer_starts)).encode()).hexdigest()


def encode(
    model: LoadedModel, texts: TextSet | PlainTexts, *, longest: int | None = None
) -> EncodedTexts:
    """Token numbers of every text, followed by its answer if it has one.

    Conversations are written as the tokenizer's chat template says, up to where the model would
    begin to reply; the answer is that reply. Between a plain text and its answer comes a blank
    unless there is one. Of a text that is too long the end is kept, with the token that begins
    every text if there is such a token, and always the first token of the answer. A
    `MesascopeWarning` says how many were cut.

    Args:
        longest: tokens at most, as many as the model was made for by default.

    Raises:
        TextError: there is no tokenizer, or no chat template for conversations; a text has no
            token, or one that the model does not know; an answer's place cannot be told.
    """
    if model.tokenizer is None:
        raise TextError(f"{model.folder} has no tokenizer; put the files of its tokenizer there")
    sizes = [size for size in (longest, model.longest) if size is not None]
    most = min(sizes) if sizes else None
    if most is not None and most < 2:
        raise TextError(f"got {most} tokens as the most of a text, wanted 2 at least")
    rows, starts, cut = [], [], 0
    for number, (text, answer) in enumerate(zip(texts.texts, texts.answers, strict=True)):
        row, start = _tokens(model, text, answer, f"text {number}")
        if most is not None and len(row) > most:
            row, start = _cut(row, start, most, model.tokenizer.bos_token_id)
            cut += 1
        rows.append(tuple(row))
        starts.append(start)
    if cut:
        warnings.warn(
            f"{cut} of {len(rows)} texts were longer than {most} tokens; their beginnings were "
            "left out",
            MesascopeWarning,
            stacklevel=2,
        )
    return EncodedTexts(tuple(rows), tuple(starts), cut, most)


def bag_of_tokens(encoded: EncodedTexts) -> Float[Tensor, "text column"]:
    """How often each token occurs in each text: all that can be told without any network.

    Token numbers are taken modulo `COLUMNS`, so that columns mean the same in every set of texts.
    """
    most = max(max(row) for row in encoded.rows)
    counts = torch.zeros(len(encoded.rows), min(COLUMNS, most + 1))
    for number, row in enumerate(encoded.rows):
        columns = torch.tensor(row) % COLUMNS
        counts[number].index_add_(0, columns, torch.ones(len(row)))
    return counts


def _tokens(
    model: LoadedModel, text: Text, answer: str | None, where: str
) -> tuple[list[int], int | None]:
    """Token numbers, and the place of the first one of the answer."""
    tokenizer = model.tokenizer
    if answer is not None and not tokenizer.is_fast:
        raise TextError(
            f"{where} has an answer, and the tokenizer of {model.folder} does not say where in a "
            "text a token lies; save it as tokenizer.json"
        )
    if not isinstance(text, str) and not tokenizer.chat_template:
        raise TextError(
            f"{where} is a conversation, and the tokenizer of {model.folder} has no chat template; "
            "give plain texts, or the folder of a model that was trained to chat"
        )
    with refused(f"{where} by the tokenizer of {model.folder}", remedy="change the text"):
        written, begins = _written(tokenizer, text, answer)
        told = tokenizer(
            written,
            add_special_tokens=isinstance(text, str),
            return_offsets_mapping=answer is not None,
            verbose=False,
        )
    row: list[int] = told["input_ids"]
    if not row or min(row) < 0 or max(row) >= model.vocabulary:
        came = f"token number {max(row)}" if row else "no token"
        raise TextError(
            f"{where} has {came}, and the model of {model.folder} knows 0 to "
            f"{model.vocabulary - 1}; use the tokenizer that belongs to it"
        )
    if answer is None:
        return row, None
    if begins < 0:
        raise TextError(f"{where}: the chat template does not show the answer as it was given")
    for place, (_, end) in enumerate(told["offset_mapping"]):
        if end > begins:
            return row, place
    raise TextError(f"{where} has an answer without tokens, {answer!r}")


def _written(tokenizer: Any, text: Text, answer: str | None) -> tuple[str, int]:
    """What the tokenizer reads, and where in it the answer begins; -1 where it is not shown."""
    if isinstance(text, str):
        if answer is None:
            return text, len(text)
        blank = "" if text[-1].isspace() or answer[0].isspace() else " "
        return text + blank + answer, len(text + blank + answer) - len(answer.lstrip())
    turns = [{"role": message.role, "content": message.content} for message in text]
    replying = turns[-1]["role"] != "assistant"
    asked = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=replying)
    if answer is None:
        return asked, len(asked)
    turns.append({"role": "assistant", "content": answer})
    whole = tokenizer.apply_chat_template(turns, tokenize=False)
    return whole, whole.find(answer.strip(), _shared(asked, whole))


def _shared(first: str, second: str) -> int:
    """Signs that two texts begin with alike."""
    pairs = zip(first, second, strict=False)
    differing = (number for number, (a, b) in enumerate(pairs) if a != b)
    return next(differing, min(len(first), len(second)))


def _cut(
    row: list[int], start: int | None, most: int, first: int | None
) -> tuple[list[int], int | None]:
    """The end of a row, after its first token if that is one that begins every text."""
    kept = row[:1] if row[0] == first else []
    begin = len(row) - (most - len(kept))
    if start is not None:
        begin = min(begin, start)
    row = kept + row[begin : begin + most - len(kept)]
    return row, None if start is None else start - begin + len(kept)
