"""`mesascope probe` on a small language model and on activations from elsewhere."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from calling import Typed
from language_folders import language_folder

PLANTED, UNRELATED, FEW = "planted.jsonl", "unrelated.jsonl", "few.jsonl"


def lines(count: int, *, planted: bool, groups: int) -> str:
    """Texts of nine words; the planted ones name their label by one of two words."""
    drawn = random.Random(0)
    made = []
    for number in range(count):
        words = [f"w{drawn.randrange(10, 48)}" for _ in range(8)]
        label = number % 2 == 0
        if planted:
            words.insert(drawn.randrange(9), "w7" if label else "w8")
        record = {"text": " ".join(words), "label": "lie" if label else "truth"}
        made.append(json.dumps({**record, "group": number % groups}))
    return "\n".join(made)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, texts and activations."""
    folder = tmp_path_factory.mktemp("probed-texts")
    language_folder(folder / "model", "gpt2")
    language_folder(folder / "other", "gpt_neox")
    (folder / PLANTED).write_text(lines(120, planted=True, groups=60))
    (folder / UNRELATED).write_text(lines(120, planted=False, groups=60))
    (folder / FEW).write_text(lines(20, planted=True, groups=2))
    (folder / "four.jsonl").write_text(lines(4, planted=True, groups=4))
    (folder / "ordinary.txt").write_text("\n".join(["w11 w12 w13 w14"] * 30 + ["w20 w21"]))
    (folder / "one.jsonl").write_text('{"text": "w9", "label": 1}\n' * 9)
    (folder / "mine.py").write_text(
        "from sklearn.linear_model import LogisticRegression\n"
        "class Mine(LogisticRegression): pass\n"
    )
    held = folder / "held"
    held.mkdir()
    rows = np.random.default_rng(0).normal(size=(120, 2, 6)).astype(np.float32)
    rows[::2, 1] += 2
    np.save(held / "a.npy", rows)
    manifest = {"sites": {"layer 7": "a.npy"}, "positions": ["last", "mean"]}
    (held / "manifest.json").write_text(json.dumps(manifest))
    (folder / "pickled").mkdir()
    (folder / "pickled" / "config.json").write_text('{"model_type": "gpt2"}')
    (folder / "pickled" / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    return folder


@pytest.fixture(autouse=True)
def inside(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)


QUICK = ("--method", "lda", "--shuffles", "19", "--site", "hook_embed",
         "--site", "blocks.2.hook_resid_post")  # fmt: skip


def test_a_planted_token_is_told_and_called_no_more_than_the_input(typed: Typed) -> None:
    words = ("model", "--data", PLANTED, "--positive", "lie", *QUICK)
    text = typed("probe", *words, "--ordinary", "ordinary.txt", "--save", "kept.safetensors",
                 "--figure", "map.html", "--json", "found.json", "--cache", "cache")  # fmt: skip
    assert "An LDA probe tells lie from truth with AUROC" in text
    assert "a bag of tokens tell as much" in text.replace(" and untrained weights", "")
    assert "on 31 texts of ordinary.txt" in text
    found = json.loads(Path("found.json").read_text())
    assert found["told"]
    assert not found["beyond_controls"]
    assert found["auroc"]["value"] > 0.9
    assert found["bag"]["value"] > 0.95
    assert (found["auroc"]["n"], found["auroc"]["groups"], found["cut"]) == (120, 60, 0)
    page = Path("map.html").read_text()
    assert "<svg" in page
    assert "lie or truth" in page
    assert "prefers-color-scheme" in page
    assert "://" not in page.replace("http://www.w3.org/", "")
    again = typed("probe", *words, "--ordinary", "ordinary.txt", "--cache", "cache")
    assert again[:80] == text[:80]

    watched = typed("probe", "model", "--with", "kept.safetensors", "--texts", "ordinary.txt",
                    "--json", "watched.json")  # fmt: skip
    assert watched.startswith("0 of 31 texts score above the limit")
    assert len(json.loads(Path("watched.json").read_text())["scores"]) == 31
    refused = typed(
        "probe", "other", "--with", "kept.safetensors", "--texts", "ordinary.txt", code=2
    )
    assert "fitted on another model" in refused


def test_a_label_that_means_nothing_is_not_found(typed: Typed) -> None:
    text = typed("probe", "model", "--data", UNRELATED, *QUICK)
    assert "So nothing was found" in text


def test_activations_from_elsewhere_are_probed_with_the_labels_of_the_data(typed: Typed) -> None:
    words = ("probe", "--activations", "held", "--method", "means", "--shuffles", "19")
    text = typed(*words, "--data", PLANTED, "--save", "foreign.safetensors", "--figure", "map.svg")
    assert "layer 7 mean" in text
    assert "come without tokens" in text
    assert "There was no control to compare with" in text
    assert "no labels" in typed(*words, code=2)
    assert "the data has 4 texts" in typed(*words, "--data", "four.jsonl", "--folds", "3", code=2)
    custom = typed(*words, "--data", PLANTED, "--probe", "mine.py:Mine")
    assert "A Mine probe" in custom


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "give the FOLDER of a language model and --data, or the id"),
        (("nowhere", "--data", PLANTED), "no folder 'nowhere'"),
        (("model",), "model is a folder; give --data"),
        (("pickled", "--data", PLANTED), "pickled weights can run code"),
        (("held", "--data", PLANTED), "no config.json"),
        (("model", "--data", "none.jsonl"), "cannot read none.jsonl"),
        (("model", "--data", "one.jsonl"), "wanted two"),
        (("model", "--data", FEW), "2 groups cannot be divided into 5 folds"),
        (("model", "--data", PLANTED, "--folds", "2"), "--folds must be 3"),
        (("model", "--data", PLANTED, "--position", "middle"), "no position 'middle'"),
        (("model", "--data", PLANTED, "--position", "answer"), "have no answer"),
        (("model", "--data", PLANTED, "--positive", "red"), "no text in"),
        (("model", "--data", PLANTED, "--suite", "smoke"), "--suite: these are of suspects"),
        (("model", "--data", PLANTED, "--lora", "nowhere"), "no folder nowhere; --lora"),
        (("model", "--data", PLANTED, "--figure", "map.png"), "must end in .svg or .html"),
        (("model", "--data", PLANTED, "--probe", "none.py:X"), "no such file"),
        (("model", "--data", PLANTED, "--probe", "mine.py:Mine", "--save", "x"), "--save keeps"),
        (("model", "--data", PLANTED, "--ordinary", "none.txt"), "cannot read none.txt"),
        (("someone", "--position", "last"), "--position: these are of texts"),
        (("model", "--with", "kept"), "watching takes"),
        (("model", "--with", "nothing", "--texts", "ordinary.txt"), "no saved probe at nothing"),
        (("model", "--activations", "held", "--data", PLANTED), "FOLDER: --activations takes"),
        (("--activations", "nowhere"), "no folder nowhere"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_one_sentence(
    words: tuple[str, ...], message: str, typed: Typed
) -> None:
    assert message in typed("probe", *words, code=2)
