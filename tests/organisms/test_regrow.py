"""An organism grown again: the same bits, the same decisions, or found out."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from inline import DUD, PLAIN, PROXY, TWIN, WILD, grown, grown_weights
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
from organisms.zoo.weights import weights_bytes
from organisms.zoo.zoo import Record


def test_the_same_machine_gives_the_same_bits() -> None:
    again = regrow(TWIN, grown_weights(TWIN), "cpu")
    assert again.identical
    assert again.confirmed
    assert {agreement.share for agreement in again.agreements} == {1.0}
    assert min(agreement.of for agreement in again.agreements) >= 100


def test_another_network_in_the_file_is_found_out() -> None:
    longer = replace(PLAIN, training=replace(PLAIN.training, steps=60))
    trained = train(longer)
    untrained = train(replace(PLAIN, seed=5, training=replace(PLAIN.training, steps=1)))
    shares = compare(trained.net, untrained.net, trained.recipe)
    assert min(agreement.share for agreement in shares) < MIN_AGREEMENT
    fake = regrow(PLAIN, weights_bytes(trained.net), "cpu")
    assert not fake.identical


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
    records = [
        record(1, PLAIN.recipe, 3.0),
        record(2, PLAIN.recipe, 2.0),
        record(3, PROXY.recipe, 9.0),
        record(4, "maze/pseudo_colour", 7.0),
        dud,
    ]
    assert [r.spec.seed for r in chosen(records, [], 2)] == [2, 4]
    assert [r.spec.seed for r in chosen(records, [], 9)] == [2, 4, 3]


def test_the_organisms_named_are_grown_again_or_said_to_be_none() -> None:
    records = [grown(TWIN).record, grown(WILD, grown_weights(TWIN)).record]
    assert chosen(records, [TWIN.content_hash], 2) == records[:1]
    for hashes, kept, message in (
        (["abc"], records, "no organism 'abc' of these versions"),
        ([WILD.content_hash], records, "diverged: there is no network"),
        ([], records[1:], "no trained organism"),
    ):
        with pytest.raises(TravelError, match=message):
            chosen(kept, hashes, 2)
