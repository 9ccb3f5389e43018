"""Twins beside a lineup: whose they are, and that nothing else is written twice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from transformer_lens import HookedRootModule

from evals.scoring.blind import Lineup
from evals.scoring.twins import beside_twin, carry_twins, ship_twins
from evals.suite.suite import Suite
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import round_to_half, weights_bytes
from organisms.zoo.zoo import Zoo
from probes.network.access import Access
from probes.network.suspect import ReferencedSuspect, Suspect


class Drawn(Zoo):
    """Every network is drawn from its specification's seed."""

    def net(self, spec: OrganismSpec) -> HookedRootModule:
        net: HookedRootModule = spec.shape.build(torch.Generator().manual_seed(spec.seed))
        round_to_half(net)
        return net


def lineup(folder: Path, suite: Suite) -> Lineup:
    spec = suite.spec(suite.groups[0])
    folder.mkdir()
    for seed, id in enumerate("ab"):
        net = spec.shape.build(torch.Generator().manual_seed(seed))
        (folder / f"{id}.safetensors").write_bytes(weights_bytes(net))
    return Lineup(folder, ("a", "b"), 3, spec.world, dict.fromkeys("ab", spec.shape))


def suspect(there: Lineup, id: str) -> Suspect:
    return Suspect(
        id=id,
        network=there.net(id),
        environment=there.world,
        access=Access.ACTIVATIONS,
        seed=3,
        untrained=there.shapes[id].build,
    )


def first_weights(one: Suspect) -> Tensor:
    assert isinstance(one, ReferencedSuspect)
    return one.twin().capture(one.environment.sample(2, generator=one.generator()), ["hook_embed"])[
        "hook_embed"
    ]


def test_a_suspect_gets_the_twin_of_its_build(tmp_path: Path, tiny: Suite) -> None:
    there, zoo = lineup(tmp_path / "lineup", tiny), Drawn(tmp_path)
    twin = tiny.spec(tiny.groups[0]).twin
    alone = suspect(there, "a")
    assert beside_twin(alone, there, device="cpu") is alone
    wide = replace(twin, net=replace(twin.net, width=2 * twin.net.width))
    ship_twins(there, {"a": twin, "b": wide}, zoo)
    seen = first_weights(beside_twin(alone, there, device="cpu"))
    expected = Suspect(
        id="t", network=zoo.net(twin), environment=there.world, access=Access.ACTIVATIONS, seed=3,
        untrained=twin.shape.build,
    )  # fmt: skip
    drawn = there.world.sample(2, generator=expected.generator())
    assert torch.equal(seen, expected.capture(drawn, ["hook_embed"])["hook_embed"])
    other = suspect(there, "b")
    assert beside_twin(other, there, device="cpu") is other, "its twin has another shape"


def test_twins_say_nothing_of_the_suspects_and_travel_with_variants(
    tmp_path: Path, tiny: Suite
) -> None:
    there = lineup(tmp_path / "lineup", tiny)
    twin = tiny.spec(tiny.groups[0]).twin
    ship_twins(there, dict.fromkeys("ab", twin), Drawn(tmp_path))
    folder = there.folder / "twins"
    assert sorted(path.name for path in folder.iterdir()) == ["0.safetensors", "index.json"]
    assert json.loads((folder / "index.json").read_text()) == {"a": 0, "b": 0}
    assert {path.stat().st_mtime for path in folder.iterdir()} == {0}
    before = (folder / "0.safetensors").read_bytes()
    ship_twins(there, dict.fromkeys("ab", replace(twin, seed=5, twin_seed=5)), Drawn(tmp_path))
    assert (folder / "0.safetensors").read_bytes() == before, "what lies there stays"
    other = tmp_path / "variant"
    other.mkdir()
    carry_twins(there, other)
    assert (other / "twins" / "0.safetensors").read_bytes() == before
    carry_twins(there, other)
