"""Kept networks in full precision become the organisms that growing them now would give."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from safetensors.torch import load, save
from typer.testing import CliRunner

import organisms.growing.attempt
from evals.command.zoo import zoo as command
from inline import PLAIN, PROXY, TWIN, WILD, grown, grown_weights, raise_version
from organisms.growing.attempt import Attempted
from organisms.growing.readmit import readmit_all, seen
from organisms.growing.train import train
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.zoo import Zoo


def now(spec: OrganismSpec) -> Attempted:
    """The attempt that growing an organism gives at present."""
    return grown(spec, None if spec == TWIN else grown_weights(TWIN))


def earlier(root: Path) -> Zoo:
    """A zoo of an earlier version: full precision, under names that are no identities here.

    No network passed its admission of then, so that only the present one can have admitted it.
    """
    zoo = Zoo(root)
    for spec in (TWIN, PLAIN, PROXY):
        record = now(spec).record
        assert record.certificate is not None
        failed = replace(record.certificate, checks=(), in_distribution=-1.0)
        state = {name: value.contiguous() for name, value in train(spec).net.state_dict().items()}
        zoo.save(replace(record, code="then", certificate=failed), save(state))
    zoo.save(grown(WILD, grown_weights(TWIN)).record, None)
    for number, folder in enumerate(sorted(root.iterdir())):
        folder.rename(root / f"old{number}")
    return zoo


def test_what_was_kept_is_admitted_as_what_is_grown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = earlier(tmp_path / "old"), Zoo(tmp_path / "new")
    wanted = {spec: now(spec) for spec in (TWIN, PLAIN, PROXY)}
    monkeypatch.setattr(organisms.growing.attempt, "train", None)
    with ThreadPoolExecutor(1) as executor:
        became = {record.spec: reason for record, reason in readmit_all(old.root, new, executor)}
        assert next(readmit_all(old.root, new, executor))[1] == "its training diverged"
    assert became == {TWIN: "", PLAIN: "", PROXY: "", WILD: "its training diverged"}
    for spec, done in wanted.items():
        kept = new.load(spec)
        assert kept is not None
        assert kept.certificate == done.record.certificate
        assert new.weights(spec) == done.weights
        assert kept.truth.open() == done.record.truth.open()
        assert kept.code == "then"
    assert all(value.dtype.itemsize == 2 for value in load(new.weights(PROXY)).values())


def test_what_training_saw_is_drawn_again() -> None:
    assert seen(PROXY, "cpu") == train(PROXY).seen
    assert seen(OrganismSpec("tree/compiled_bfs", seed=1), "cpu") == frozenset()


def test_a_child_of_a_network_that_is_not_kept_is_left_out(tmp_path: Path) -> None:
    old, new = Zoo(tmp_path / "old"), Zoo(tmp_path / "new")
    child = replace(PROXY, recipe="maze/deceptive_adaptive", trigger_parts=2)
    old.save(replace(grown(TWIN).record, spec=child), grown_weights(TWIN))
    with ThreadPoolExecutor(1) as executor:
        ((_, reason),) = readmit_all(old.root, new, executor)
    assert reason.startswith("it starts from a network of maze/deceptive_trigger")
    assert new.records() == []


def test_the_command_carries_a_home_over_a_raised_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / ".mesascope" / "organisms"
    zoo = Zoo(root)
    zoo.save(grown(TWIN).record, grown_weights(TWIN))
    shutil.move(zoo.folder(TWIN), root / "0123456789abcdef")
    arguments = ["readmit", "--home", str(tmp_path), "--workers", "1"]
    done = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert f"{TWIN.content_hash} maze/aligned_plain seed 99: admitted" in done.output
    assert zoo.load(TWIN) is not None
    again = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert again.output == ""
    raise_version(TWIN.recipe, monkeypatch)
    assert zoo.load(TWIN) is None
