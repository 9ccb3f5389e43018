"""Files of labelled texts are read as what they say, or refused with the line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from probes.errors import MesascopeError
from probes.texts.dataset import Message, TextError, TextSet, read_text_set

CHAT = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yes"}]


def written(folder: Path, *lines: object) -> Path:
    """A file of JSON lines; strings stand there as they are."""
    path = folder / "texts.jsonl"
    plain = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(plain))
    return path


def test_labelled_texts_keep_their_order_labels_and_answers(tmp_path: Path) -> None:
    found = read_text_set(
        written(
            tmp_path,
            {"text": "a", "label": True, "answer": "so"},
            {"text": "b", "label": False, "group": 7},
            "",
            {"text": "a", "label": False},
            {"text": CHAT, "label": True, "group": "g"},
        )
    )
    chat = (Message("user", "hi"), Message("assistant", "yes"))
    assert found == TextSet(
        ("a", "b", "a", chat), (1, 0, 0, 1), ("text 0", "7", "text 0", "g"),
        ("so", None, None, None), ("false", "true"),
    )  # fmt: skip


def test_pairs_become_two_texts_of_one_group(tmp_path: Path) -> None:
    lines = [{"positive": "p", "negative": "n"}, {"positive": CHAT, "negative": "m", "group": "g"}]
    found = read_text_set(written(tmp_path, *lines))
    assert found.labels == (0, 1, 0, 1)
    assert found.groups == ("pair 0", "pair 0", "g", "g")
    assert (found.texts[:3], found.names) == (("n", "p", "m"), ("negative", "positive"))


@pytest.mark.parametrize(
    ("labels", "positive", "wanted", "names"),
    [
        ([1, 0], None, (1, 0), ("0", "1")),
        ([True, False], None, (1, 0), ("false", "true")),
        (["honest", "deceptive"], None, (1, 0), ("deceptive", "honest")),
        (["honest", "deceptive"], "deceptive", (0, 1), ("honest", "deceptive")),
        (["honest", "deceptive"], "honest", (1, 0), ("deceptive", "honest")),
        ([1, 0], "0", (0, 1), ("1", "0")),
    ],
)
def test_the_positive_class_is_the_later_word_or_the_named_one(
    labels: list[object],
    positive: str | None,
    wanted: tuple[int, int],
    names: tuple[str, str],
    tmp_path: Path,
) -> None:
    lines = [{"text": f"text {label}", "label": label} for label in labels]
    found = read_text_set(written(tmp_path, *lines), positive=positive)
    assert (found.labels, found.names) == (wanted, names)


GOOD = {"text": "a", "label": 1}
REFUSED: dict[str, tuple[list[object], str]] = {
    "nothing": ([], "holds no text"),
    "no JSON": ([GOOD, "{"], "line 2 is not valid JSON"),
    "a list": ([[1]], "line 1 is a list"),
    "a key is missing": ([GOOD, {"text": "b"}], "line 2 lacks 'label'"),
    "an unknown key": ([{**GOOD, "lable": 1}], "unknown key 'lable'"),
    "a key twice": (['{"text": "a", "text": "b", "label": 1}'], "twice"),
    "forms are mixed": ([GOOD, {"positive": "a", "negative": "b"}], "line 2 lacks 'label'"),
    "half a pair": ([{"positive": "a"}], "lacks 'negative'"),
    "a pair of equals": ([{"positive": "a", "negative": "a"}], "the same"),
    "one class": ([GOOD, {"text": "b", "label": 1}], r"labels \[1\]"),
    "three classes": ([{"text": "b", "label": each} for each in "abc"], "wanted two of one kind"),
    "kinds are mixed": ([GOOD, {"text": "b", "label": False}], "wanted two of one kind"),
    "another number": ([GOOD, {"text": "b", "label": 2}], "line 2 has the label 2"),
    "a fraction": ([{"text": "b", "label": 0.5}], "label 0.5"),
    "no number": (['{"text": "b", "label": NaN}'], "not a finite number"),
    "no label": ([{"text": "b", "label": None}], "label None"),
    "an empty text": ([{"text": " ", "label": 1}], "line 1 has an empty text"),
    "a number as text": ([{"text": 5, "label": 1}], "text of type int"),
    "an empty conversation": ([{"text": [], "label": 1}], "text of type list"),
    "a turn without role": ([{"text": [{"content": "x"}], "label": 1}], "has the message"),
    "a group of truth": ([{**GOOD, "group": True}], "the group True"),
    "an empty answer": ([{**GOOD, "answer": ""}], "the answer ''"),
    "half a sign": (['{"text": "\\ud800", "label": 1}'], "line 1 is not valid JSON"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_every_other_line_is_refused_with_its_number(name: str, tmp_path: Path) -> None:
    lines, message = REFUSED[name]
    with pytest.raises(MesascopeError, match=message) as refusal:
        read_text_set(written(tmp_path, *lines))
    assert "texts.jsonl" in str(refusal.value)


def test_a_missing_file_or_class_is_named(tmp_path: Path) -> None:
    with pytest.raises(TextError, match=r"none\.jsonl"):
        read_text_set(tmp_path / "none.jsonl")
    path = written(tmp_path, GOOD, {"text": "b", "label": 0})
    with pytest.raises(TextError, match=r"no text in .* has the label 'lie'"):
        read_text_set(path, positive="lie")
    with pytest.raises(TextError, match="differ in number"):
        TextSet(("a",), (0, 1), ("a",), (None,), ("0", "1"))
