"""Activations stay within a budget, survive a kill, and are never mixed up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from language_folders import BLOCKS, WIDTH, language_folder
from probes.language_model import LoadedModel, load_language_model
from probes.texts import read
from probes.texts.dataset import TextError, TextSet
from probes.texts.encode import EncodedTexts, encode
from probes.texts.fresh import untrained
from probes.texts.read import read_texts

COUNT = 24
SIZE = (BLOCKS + 1) * COUNT * 2 * WIDTH * 4
POSITIONS = ("last", "mean")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    return load_language_model(language_folder(tmp_path_factory.mktemp("llama")))


def texts(first: int = 6) -> TextSet:
    words = tuple(" ".join(f"w{first + n % 9}" for n in range(2 + m)) for m in range(COUNT))
    return TextSet(words, (0, 1) * (COUNT // 2), words, (None,) * COUNT, ("no", "yes"))


@pytest.fixture(scope="module")
def encoded(model: LoadedModel) -> EncodedTexts:
    return encode(model, texts())


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The texts of every batch that the model is run on; batches are small."""
    ran: list[tuple[int, ...]] = []
    usual = read.forward

    def counted(model: LoadedModel, batch: Any) -> None:
        ran.append(batch.texts)
        usual(model, batch)

    monkeypatch.setattr(read, "forward", counted)
    monkeypatch.setattr(read, "TOKENS", 80)
    return ran


def test_memory_is_bounded_and_a_folder_holds_more(
    model: LoadedModel, encoded: EncodedTexts, tmp_path: Path
) -> None:
    whole = read_texts(model, encoded, positions=POSITIONS, budget=SIZE)
    with pytest.raises(TextError, match=f"take {SIZE} bytes, and the budget is {SIZE - 1}"):
        read_texts(model, encoded, positions=POSITIONS, budget=SIZE - 1)
    kept = read_texts(
        model, encoded, positions=POSITIONS, budget=SIZE // 4, folder=tmp_path / "kept"
    )
    assert kept.features().budget == SIZE // 4
    for site in whole.sites:
        assert torch.equal(kept.values[site], whole.values[site])
        blocks = [block.rows for block in kept.features().blocks(site)]
        assert torch.equal(torch.cat(blocks), whole.values[site])


PROGRAM = """
import os, signal, sys
from pathlib import Path
import test_kept_activations as test
from probes.language_model import load_language_model
from probes.texts import read
from probes.texts.encode import encode
model = load_language_model(Path(sys.argv[1]))
usual, ran = read.forward, []
def counted(model, batch):
    ran.append(batch)
    if len(ran) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    usual(model, batch)
read.forward, read.TOKENS = counted, 80
read.read_texts(model, encode(model, test.texts()), positions=test.POSITIONS,
                folder=Path(sys.argv[2]))
"""


def kill_after_three(model: LoadedModel, folder: Path) -> None:
    """Another process reads the same texts, and is killed in its fourth batch."""
    root = Path(__file__).parent
    paths = ":".join(map(str, (root, root.parents[1], root.parents[2])))
    killed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM, str(model.folder), str(folder)],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]


def interrupt_after_three(
    model: LoadedModel, encoded: EncodedTexts, folder: Path, ran: list[tuple[int, ...]]
) -> None:
    """The same by hand."""
    with pytest.MonkeyPatch.context() as patch:
        usual = read.forward

        def interrupted(model: LoadedModel, batch: Any) -> None:
            if len(ran) == 3:
                raise KeyboardInterrupt
            usual(model, batch)

        patch.setattr(read, "forward", interrupted)
        with pytest.raises(KeyboardInterrupt):
            read_texts(model, encoded, positions=POSITIONS, folder=folder)
    ran.clear()


@pytest.mark.parametrize("killed", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_run_that_was_stopped_goes_on_where_it_was(
    killed: bool,
    model: LoadedModel,
    encoded: EncodedTexts,
    tmp_path: Path,
    batches: list[tuple[int, ...]],
) -> None:
    if killed:
        kill_after_three(model, tmp_path / "kept")
    else:
        interrupt_after_three(model, encoded, tmp_path / "kept", batches)
    found = read_texts(model, encoded, positions=POSITIONS, folder=tmp_path / "kept")
    rest = sorted(text for batch in batches for text in batch)
    batches.clear()
    whole = read_texts(model, encoded, positions=POSITIONS)
    done = sorted(text for batch in batches[:3] for text in batch)
    assert sorted(done + rest) == list(range(COUNT)), "what was done is not done again"
    assert rest
    for site in whole.sites:
        assert torch.equal(found.values[site], whole.values[site])
    batches.clear()
    read_texts(model, encoded, positions=POSITIONS, folder=tmp_path / "kept")
    assert not batches


def test_activations_of_anything_else_are_not_taken(
    model: LoadedModel, encoded: EncodedTexts, tmp_path: Path
) -> None:
    folder = tmp_path / "kept"
    read_texts(model, encoded, positions=POSITIONS, folder=folder)
    other = untrained(model, torch.Generator().manual_seed(0))
    for message, reread in (
        ("other model", lambda: read_texts(other, encoded, positions=POSITIONS, folder=folder)),
        ("other positions", lambda: read_texts(model, encoded, folder=folder)),
        ("other texts", lambda: read_texts(
            model, encode(model, texts(7)), positions=POSITIONS, folder=folder)),
        ("other sites", lambda: read_texts(
            model, encoded, positions=POSITIONS, sites=["hook_embed"], folder=folder)),
    ):  # fmt: skip
        with pytest.raises(TextError, match=message):
            reread()
    with (folder / "activations.float32").open("r+b") as file:
        file.truncate(100)
    with pytest.raises(TextError, match="cut short"):
        read_texts(model, encoded, positions=POSITIONS, folder=folder)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(TextError, match="name an empty folder"):
        read_texts(model, encoded, folder=tmp_path)
    with pytest.raises(TextError, match=r"no site 'blocks\.9"):
        read_texts(model, encoded, sites=["blocks.9.hook_resid_post"])


def test_batches_are_halved_until_memory_holds_them(
    model: LoadedModel, encoded: EncodedTexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = read_texts(model, encoded, positions=POSITIONS)
    usual, most = read.forward, 2

    def narrow(model: LoadedModel, batch: Any) -> None:
        if len(batch.texts) > most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate")
        usual(model, batch)

    monkeypatch.setattr(read, "forward", narrow)
    found = read_texts(model, encoded, positions=POSITIONS)
    for site in wanted.sites:
        torch.testing.assert_close(found.values[site], wanted.values[site], atol=2e-5, rtol=0)
    most = 0
    with pytest.raises(TextError, match="no memory to run the model on text"):
        read_texts(model, encoded, positions=POSITIONS)

    def broken(model: LoadedModel, batch: Any) -> None:
        raise RuntimeError("something else")

    monkeypatch.setattr(read, "forward", broken)
    with pytest.raises(RuntimeError, match="something else"):
        read_texts(model, encoded, positions=POSITIONS)
