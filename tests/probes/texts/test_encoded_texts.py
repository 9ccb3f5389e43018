"""Texts become rows that end where they should, and answers are found in them."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Sequence

import pytest
import torch

from language_folders import LONGEST, language_folder, tokenizer
from probes.errors import MesascopeWarning
from probes.language_model import LoadedModel, load_language_model
from probes.texts.batches import Batch, Places, plan
from probes.texts.dataset import Message, Text, TextError, TextSet
from probes.texts.encode import EncodedTexts, bag_of_tokens, encode


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    """Its tokenizer begins every text with w0."""
    return load_language_model(language_folder(tmp_path_factory.mktemp("llama"), beginning=True))


def text_set(*texts: Text, answers: Sequence[str | None] | None = None) -> TextSet:
    count = len(texts)
    given = tuple(answers) if answers else (None,) * count
    return TextSet(texts, tuple(n % 2 for n in range(count)), texts and ("g",) * count, given,
                   ("no", "yes"))  # fmt: skip


def rows(*lengths: int, answers: Sequence[int | None] = ()) -> EncodedTexts:
    """Texts of some lengths, whose tokens count up from 1."""
    given = tuple(answers) or (None,) * len(lengths)
    return EncodedTexts(tuple(tuple(range(1, n + 1)) for n in lengths), given, 0, None)


def test_answers_follow_their_texts_and_are_found(model: LoadedModel) -> None:
    texts = text_set("w7 w8", "w7 ", "w9", answers=["w10 w11", " w10", None])
    found = encode(model, texts)
    assert found.rows == ((0, 7, 8, 10, 11), (0, 7, 10), (0, 9))
    assert found.answer_starts == (3, 2, None)
    assert (found.cut, found.longest) == (0, LONGEST)


def test_conversations_end_where_the_model_would_reply(model: LoadedModel) -> None:
    asked = (Message("user", "w7"),)
    replied = (*asked, Message("assistant", "w8"))
    texts = text_set(asked, replied, asked, asked, answers=[None, None, "w3 w9", "w7"])
    found = encode(model, texts)
    assert found.rows[0] == (1, 7, 3, 2), "a turn to the model, and no second beginning"
    assert found.rows[1] == (1, 7, 3, 2, 8, 3)
    assert found.rows[2] == (1, 7, 3, 2, 3, 9, 3)
    assert found.rows[3] == (1, 7, 3, 2, 7, 3)
    assert found.answer_starts == (None, None, 4, 4), "in the reply, not where it was said before"


def test_long_texts_lose_their_beginning_with_a_word(model: LoadedModel) -> None:
    long = " ".join(f"w{number}" for number in range(6, 26))
    texts = text_set(long, "w7", "w8", long, answers=[None, None, long, "w9"])
    with pytest.warns(MesascopeWarning, match="3 of 4 texts were longer than 5 tokens"):
        found = encode(model, texts, longest=5)
    assert found.cut == 3
    assert found.rows == ((0, 22, 23, 24, 25), (0, 7), (0, 6, 7, 8, 9), (0, 23, 24, 25, 9))
    assert found.answer_starts == (None, None, 1, 4), "the first token of an answer survives"


def test_no_text_is_longer_than_the_model_reads(model: LoadedModel) -> None:
    with pytest.warns(MesascopeWarning, match=f"longer than {LONGEST} tokens"):
        found = encode(model, text_set("w7 " * 99, "w8"), longest=1000)
    assert [len(row) for row in found.rows] == [LONGEST, 2]


def test_texts_that_cannot_be_encoded_are_refused(model: LoadedModel) -> None:
    bare = dataclasses.replace(model, tokenizer=None)
    with pytest.raises(TextError, match="no tokenizer"):
        encode(bare, text_set("w1", "w2"))
    silent = tokenizer()
    silent.chat_template = None
    talk = text_set((Message("user", "w7"),), "w2")
    with pytest.raises(TextError, match="no chat template"):
        encode(dataclasses.replace(model, tokenizer=silent), talk)
    with pytest.raises(TextError, match="2 at least"):
        encode(model, text_set("w1", "w2"), longest=1)
    plain = dataclasses.replace(model, tokenizer=tokenizer())
    wide = plain.tokenizer
    wide.add_tokens(["w99"])
    with pytest.raises(TextError, match=r"token number 48, and the model .* knows 0 to 47"):
        encode(plain, text_set("w1 w99", "w2"))
    wide.chat_template = "{{ raise_exception('turns must alternate') }}"
    with pytest.raises(Exception, match="turns must alternate") as refusal:
        encode(plain, talk)
    assert "text 0" in str(refusal.value)


def test_counts_of_tokens_are_columns_that_mean_the_same_in_every_set() -> None:
    bag = bag_of_tokens(EncodedTexts(((1, 1, 4097), (3,)), (None, None), 0, None))
    assert bag.shape == (2, 4096)
    assert bag[0, 1] == 3
    assert bag[1].nonzero().tolist() == [[3]]
    assert bag_of_tokens(rows(2, 3)).tolist() == [[0, 1, 1, 0], [0, 1, 1, 1]]


def test_batches_hold_all_texts_within_their_bounds() -> None:
    encoded = rows(3, 9, 1, 5, 30, 5, 2)
    batches = plan(encoded, most_tokens=12, most_texts=3)
    assert sorted(text for batch in batches for text in batch) == list(range(7))
    assert batches[0] == (4,), "a text above the bound comes alone"
    for batch in batches[1:]:
        assert len(batch) <= 3
        assert len(batch) * max(len(encoded.rows[text]) for text in batch) <= 12


@pytest.mark.parametrize("side", ["left", "right"])
def test_positions_are_found_on_either_side(side: str) -> None:
    encoded = rows(3, 5, 4, answers=(1, 2, 3))
    places = Places.chosen(encoded, ("last", -2, "mean", "answer", "max"))
    batch = Batch.padded(encoded, (2, 0, 1), side)  # type: ignore[arg-type]
    assert batch.numbers[batch.mask].tolist() == [0, 1, 2, 3, 0, 1, 2, 0, 1, 2, 3, 4]
    # the activation of a token is its number, and filling up is far off
    activation = batch.tokens.float().masked_fill(~batch.mask, 1e6)[:, :, None]
    taken = places.of(batch).take(activation)[:, :, 0]
    assert places.names == ("last", "-2", "mean", "answer", "max")
    assert taken.tolist() == [[4, 3, 2.5, 4, 4], [3, 2, 2, 2, 3], [5, 4, 3, 3, 5]]


def test_a_side_is_left_or_right() -> None:
    with pytest.raises(TextError, match="is one of"):
        # while tests run, types of arguments are checked beforehand
        inspect.unwrap(Batch.padded.__func__)(Batch, rows(2), (0,), "top")  # type: ignore[attr-defined]


def test_half_precision_does_not_spoil_a_mean() -> None:
    encoded = rows(40)
    batch = Batch.padded(encoded, (0,), "right")
    activation = torch.full((1, 40, 1), 2000, dtype=torch.float16)
    taken = Places.chosen(encoded, ("mean", "max")).of(batch).take(activation)
    assert taken.dtype is torch.float32
    assert taken.flatten().tolist() == [2000, 2000]


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        ((), "none of them twice"),
        (("last", "last"), "none of them twice"),
        (("first",), "got position 'first'"),
        ((0,), "got position '0'"),
        ((-4,), r"text 1 has 3 tokens, so position -4"),
        (("answer",), "text 1 has no answer"),
    ],
)
def test_positions_that_are_not_there_are_refused(
    positions: tuple[str | int, ...], message: str
) -> None:
    with pytest.raises(TextError, match=message):
        Places.chosen(rows(4, 3, answers=(1, None)), positions)
