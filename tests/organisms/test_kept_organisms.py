"""Kept organisms grown again, or readmitted: the same bits and decisions, or found out."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, save

import organisms.growing.attempt
from calling import Typed
from inline import DUD, PLAIN, PROXY, TWIN, WILD, grown, grown_weights, raise_version
from organisms.growing.attempt import Attempted
from organisms.growing.readmit import readmit_all, seen
from organisms.growing.train import train
from organisms.travel.archive import TravelError
from organisms.travel.regrow import (
    MIN_AGREEMENT,
    Agreement,
    Regrown,
    alike,
    chosen,
    compare,
    regrow,
)
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import weights_bytes
from organisms.zoo.zoo import Record, Zoo


def test_the_same_machine_gives_the_same_bits() -> None:
    again = regrow(TWIN, grown_weights(TWIN), "cpu")
    assert again.identical
    assert {agreement.share for agreement in again.agreements} == {1.0}
    assert min(agreement.of for agreement in again.agreements) >= 100


def test_another_network_in_the_file_is_found_out() -> None:
    trained = train(replace(PLAIN, training=replace(PLAIN.training, steps=60)))
    untrained = train(replace(PLAIN, seed=5, training=replace(PLAIN.training, steps=1)))
    shares = compare(trained.net, untrained.net, trained.recipe)
    assert min(agreement.share for agreement in shares) < MIN_AGREEMENT
    assert not regrow(PLAIN, weights_bytes(trained.net), "cpu").identical


def test_one_place_where_decisions_differ_is_enough() -> None:
    good, bad = Agreement("here", MIN_AGREEMENT, 100), Agreement("there", 0.94, 100)
    assert Regrown(PLAIN, False, (good,), 1.0).confirmed
    assert not Regrown(PLAIN, False, (good, bad), 1.0).confirmed


def test_equally_right_decisions_are_alike_by_hand() -> None:
    def taken(*actions: int) -> torch.Tensor:
        return torch.nn.functional.one_hot(torch.tensor([actions]), 3).float()

    first, second = taken(0, 0, 0, 0), taken(0, 1, 1, 1)
    one = torch.tensor([[[1, 0, 0], [1, 1, 0], [1, 0, 0], [0, 0, 0]]]).bool()
    two = torch.tensor([[[0, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0]]]).bool()
    same, asked = alike(first, second, [one, two])
    assert same.tolist() == [[True, True, False, False]]
    assert asked.tolist() == [[True, True, True, False]]


def test_the_cheapest_are_trained_admitted_and_of_different_recipes() -> None:
    def record(spec_seed: int, recipe: str, seconds: float) -> Record:
        spec = replace(PLAIN, recipe=recipe, seed=spec_seed)
        return replace(grown(TWIN).record, spec=spec, train_seconds=seconds)

    dud = replace(grown(DUD, grown(DUD.twin).weights).record, train_seconds=0.1)
    assert not dud.admitted
    kept = (PLAIN.recipe, PLAIN.recipe, PROXY.recipe, "maze/pseudo_colour")
    costs = (3.0, 2.0, 9.0, 7.0)
    records = [*map(record, (1, 2, 3, 4), kept, costs), dud]
    assert [r.spec.seed for r in chosen(records, [], 2)] == [2, 4]
    assert [r.spec.seed for r in chosen(records, [], 9)] == [2, 4, 3]


def test_the_organisms_named_are_grown_again_or_said_to_be_none() -> None:
    records = [grown(TWIN).record, grown(WILD, grown_weights(TWIN)).record]
    assert chosen(records, [TWIN.content_hash], 2) == records[:1]
    wild = WILD.content_hash
    for hashes, kept, word in ((["abc"], 0, "abc"), ([wild], 0, "diverged"), ([], 1, "no trained")):
        with pytest.raises(TravelError, match=word):
            chosen(records[kept:], hashes, 2)


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
        missed = replace(record.certificate.checks[0], relation="at_least", bar=2.0)
        failed = replace(record.certificate, checks=(missed,), in_distribution=0.0)
        state = {name: value.contiguous() for name, value in train(spec).net.state_dict().items()}
        zoo.save(replace(record, code="then", certificate=failed), save(state))
    zoo.save(grown(WILD, grown_weights(TWIN)).record, None)
    for number, folder in enumerate(sorted(root.iterdir())):
        folder.rename(root / f"{number:016x}")
    return zoo


def test_what_was_kept_becomes_what_is_grown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = earlier(tmp_path / "old"), Zoo(tmp_path / "new")
    wanted = {spec: now(spec) for spec in (TWIN, PLAIN, PROXY)}
    monkeypatch.setattr(organisms.growing.attempt, "train", None)
    with ThreadPoolExecutor(1) as executor:
        became = {record.spec: reason for record, reason in readmit_all(old.root, new, executor)}
        assert next(readmit_all(old.root, new, executor))[1] == "its training diverged"
    assert became == {TWIN: "", PLAIN: "", PROXY: "", WILD: "its training diverged"}
    kept = {record.spec: record for record in new.records()}
    for spec, done in wanted.items():
        assert kept[spec].certificate == done.record.certificate
        assert new.weights(spec) == done.weights
        assert kept[spec].truth.open() == done.record.truth.open()
        assert kept[spec].code == "then"
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


def test_the_command_carries_a_home_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: Typed
) -> None:
    root = tmp_path / ".mesascope" / "organisms"
    zoo = Zoo(root)
    zoo.save(grown(TWIN).record, grown_weights(TWIN))
    shutil.move(zoo.folder(TWIN), root / "0123456789abcdef")
    arguments = ("zoo", "readmit", "--home", tmp_path, "--workers", "1")
    assert f"{TWIN.content_hash} maze/aligned_plain seed 99: admitted" in typed(*arguments)
    assert zoo.load(TWIN) is not None
    assert typed(*arguments) == ""
    raise_version(TWIN.recipe, monkeypatch)
    assert zoo.load(TWIN) is None
