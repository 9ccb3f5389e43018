"""Texts of two classes, read from a file of JSON lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from probes.errors import MesascopeError
from probes.parsing import parse_json

LABELLED = frozenset({"text", "label", "group", "answer"})
PAIR = frozenset({"positive", "negative", "group"})


class TextError(MesascopeError, ValueError):
    """Texts, or activations of texts, that cannot be used; the message says which and why."""


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: str
    content: str


Text = str | tuple[Message, ...]
"""A plain text, or a conversation."""


@dataclass(frozen=True)
class TextSet:
    """Texts with what is known of each.

    Attributes:
        labels: 0 or 1 for each text; both occur.
        groups: texts of one group belong into one fold, as they are not independent.
        answers: what continues a text, where that was given.
        names: of class 0 and class 1.
    """

    texts: tuple[Text, ...]
    labels: tuple[int, ...]
    groups: tuple[str, ...]
    answers: tuple[str | None, ...]
    names: tuple[str, str]

    def __post_init__(self) -> None:
        """Refuse columns of different lengths and a single class."""
        lengths = {len(self.texts), len(self.labels), len(self.groups), len(self.answers)}
        if len(lengths) > 1:
            raise TextError(f"texts, labels, groups and answers differ in number: {lengths}")
        if set(self.labels) != {0, 1}:
            raise TextError(
                f"labels are {sorted(set(self.labels))} over {len(self.texts)} texts, wanted 0 and "
                "1: a probe needs texts of two classes"
            )


def read_text_set(path: Path, *, positive: str | None = None) -> TextSet:
    """Read a file with one JSON object in each line; lines without anything are passed over.

    The lines are all of one form. Either `{"text", "label"}`, with labels true and false, 1 and 0,
    or two words; `"answer"` may say what continues the text, as a probe's place. Or
    `{"positive", "negative"}`, two texts that differ in what is probed for: they become texts of
    class 1 and 0 in one group. `"group"`, a word or number, names texts that belong together; by
    default equal texts do, and nothing else. A text is a string, or a conversation as a list of
    `{"role", "content"}`.

    Args:
        positive: which of two words is class 1; by default the later one in the alphabet.

    Raises:
        TextError: a line is none of that, forms or kinds of labels are mixed, or one class is
            missing; the message names the line.
        UnreadableFile: a line is not JSON, or holds NaN.
    """
    try:
        lines = Path(path).read_bytes().splitlines()
    except OSError as error:
        raise TextError(f"cannot read {path}: {error.strerror}; give a file of texts") from error
    records = [
        (f"{path}, line {number}", parse_json(line, f"{path}, line {number}"))
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    if not records:
        raise TextError(f'{path} holds no text; write lines such as {{"text": "...", "label": 1}}')
    pairs = isinstance(records[0][1], dict) and "positive" in records[0][1]
    for where, record in records:
        _require_keys(record, where, pairs)
    return _of_pairs(records) if pairs else _of_labelled(records, path, positive)


def _of_labelled(
    records: Sequence[tuple[str, Mapping[str, Any]]], path: Path, positive: str | None
) -> TextSet:
    texts = [_text(record["text"], where) for where, record in records]
    labels = [_label(record["label"], where) for where, record in records]
    answers = [_answer(record.get("answer"), where) for where, record in records]
    firsts: dict[Text, int] = {}
    groups = [
        _group(record, where, f"text {firsts.setdefault(text, number)}")
        for number, (text, (where, record)) in enumerate(zip(texts, records, strict=True))
    ]
    kinds = sorted({type(label).__name__ for label in labels})
    found = sorted(set(labels))
    if len(kinds) > 1 or len(found) != 2:
        raise TextError(
            f"{path} has the labels {found[:5] if len(kinds) == 1 else kinds}, wanted two of one "
            "kind: true and false, 1 and 0, or two words"
        )
    if positive is not None and positive not in map(_word, found):
        raise TextError(f"no text in {path} has the label {positive!r}; labels are {found}")
    first = found[0] if positive is None or positive == _word(found[1]) else found[1]
    second = found[1] if first == found[0] else found[0]
    return TextSet(
        texts=tuple(texts),
        labels=tuple(int(label == second) for label in labels),
        groups=tuple(groups),
        answers=tuple(answers),
        names=(_word(first), _word(second)),
    )


def _of_pairs(records: Sequence[tuple[str, Mapping[str, Any]]]) -> TextSet:
    texts, groups = [], []
    for number, (where, record) in enumerate(records):
        pair = [_text(record[name], where) for name in ("negative", "positive")]
        if pair[0] == pair[1]:
            raise TextError(f"{where}: both texts of the pair are the same")
        texts += pair
        groups += 2 * [_group(record, where, f"pair {number}")]
    return TextSet(
        texts=tuple(texts),
        labels=(0, 1) * len(records),
        groups=tuple(groups),
        answers=(None,) * len(texts),
        names=("negative", "positive"),
    )


def _require_keys(record: object, where: str, pairs: bool) -> None:
    known = PAIR if pairs else LABELLED
    needed = {"positive", "negative"} if pairs else {"text", "label"}
    if not isinstance(record, dict):
        raise TextError(f"{where} is a {type(record).__name__}, wanted an object in braces")
    strange = sorted((needed - set(record)) | (set(record) - known))
    if strange:
        word = "lacks" if strange[0] in needed else "has the unknown key"
        raise TextError(
            f"{where} {word} {strange[0]!r}; every line of this file has {sorted(needed)} and may "
            f"have {sorted(known - needed)}"
        )


def _text(value: object, where: str) -> Text:
    if isinstance(value, str):
        if not value.strip():
            raise TextError(f"{where} has an empty text")
        return value
    if not isinstance(value, list) or not value:
        raise TextError(
            f"{where} has a text of type {type(value).__name__}, wanted a string or a list of "
            "messages"
        )
    for each in value:
        if (
            not isinstance(each, dict)
            or set(each) != {"role", "content"}
            or not all(isinstance(part, str) and part.strip() for part in each.values())
        ):
            raise TextError(
                f'{where} has the message {each!r}, wanted {{"role": "user", "content": "..."}}'
            )
    return tuple(Message(each["role"], each["content"]) for each in value)


def _label(value: object, where: str) -> bool | int | str:
    if isinstance(value, (bool, str)) or (isinstance(value, int) and value in (0, 1)):
        return value
    raise TextError(f"{where} has the label {value!r}, wanted true or false, 1 or 0, or a word")


def _word(label: object) -> str:
    return str(label).lower() if isinstance(label, bool) else str(label)


def _group(record: Mapping[str, Any], where: str, default: str) -> str:
    value = record.get("group", default)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise TextError(f"{where} has the group {value!r}, wanted a word or a whole number")
    return str(value)


def _answer(value: object, where: str) -> str | None:
    if value is None or (isinstance(value, str) and value.strip()):
        return value
    raise TextError(f"{where} has the answer {value!r}, wanted a text")
