"""Twins beside a lineup: whose they are, and that nothing else is written twice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformer_lens import HookedRootModule

from evals.scoring.blind import Lineup
from evals.scoring.twins import beside_twin, carry_twins, ship_twins
from evals.suite.suite import Suite
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import round_to_half, weights_bytes
from organisms.zoo.zoo import Zoo
from probes.network.suspect import ReferencedSuspect, Suspect
from scripted import suspect_of


class Drawn(Zoo):
    """Every network is drawn from its specification's seed."""

    def net(self, spec: OrganismSpec) -> HookedRootModule:
        net: HookedRootModule = spec.shape.build(torch.Generator().manual_seed(spec.seed))
        round_to_half(net)
        return net


@pytest.fixture
def twin(tiny: Suite) -> OrganismSpec:
    return tiny.spec(tiny.groups[0]).twin


@pytest.fixture
def there(tmp_path: Path, twin: OrganismSpec) -> Lineup:
    """Two suspects of one build."""
    folder = tmp_path / "lineup"
    folder.mkdir()
    for seed, id in enumerate("ab"):
        net = twin.shape.build(torch.Generator().manual_seed(seed))
        (folder / f"{id}.safetensors").write_bytes(weights_bytes(net))
    return Lineup(folder, ("a", "b"), 3, twin.world, dict.fromkeys("ab", twin.shape))


def suspect(there: Lineup, net: HookedRootModule, id: str = "a") -> Suspect:
    return suspect_of(net, there.world, id=id, seed=3, untrained=there.shapes[id].build)


def seen(one: Suspect) -> Tensor:
    """What a network holds of two instances."""
    drawn = one.environment.sample(2, generator=one.generator())
    return one.capture(drawn, ["hook_embed"])["hook_embed"]


def test_a_suspect_gets_the_twin_of_its_build(
    there: Lineup, twin: OrganismSpec, tmp_path: Path
) -> None:
    zoo, alone = Drawn(tmp_path), suspect(there, there.net("a"))
    assert beside_twin(alone, there, device="cpu") is alone
    wide = replace(twin, net=replace(twin.net, width=2 * twin.net.width))
    ship_twins(there, {"a": twin, "b": wide}, zoo)
    both = beside_twin(alone, there, device="cpu")
    assert isinstance(both, ReferencedSuspect)
    assert torch.equal(seen(both.twin()), seen(suspect(there, zoo.net(twin))))
    other = suspect(there, there.net("b"), "b")
    assert beside_twin(other, there, device="cpu") is other, "its twin has another shape"


def test_twins_say_nothing_of_the_suspects_and_travel_with_variants(
    there: Lineup, twin: OrganismSpec, tmp_path: Path
) -> None:
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
