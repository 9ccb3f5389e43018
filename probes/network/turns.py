"""Layers of a network whose sites may run several times in one forward pass (looped blocks)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from probes.network.capture import BATCH, Edit
from probes.network.sites import residual_sites
from probes.network.suspect import Suspect
from probes.world.environment import Instances

Run = Callable[[Mapping[str, Edit]], Float[Tensor, "batch decision action"]]
"""Runs fixed instances under edits; at most `BATCH` of them, so that each site sees one batch."""


@dataclass(frozen=True)
class Layer:
    """One run of one site.

    Attributes:
        site: name of the module.
        turn: which of its runs in a forward pass is meant, from 1.
    """

    site: str
    turn: int

    def __str__(self) -> str:
        return f"{self.site} (turn {self.turn})"


class Recording:
    """An edit that changes nothing and keeps what every turn of its site writes.

    Attributes:
        kept: one activation per turn.
    """

    def __init__(self) -> None:
        self.kept: list[Tensor] = []

    def __call__(self, activation: Tensor) -> Tensor:
        self.kept.append(activation)
        return activation


class Replacement:
    """An edit that adds differences to what one turn of its site writes."""

    def __init__(self, differences: Tensor, turn: int) -> None:
        self.differences = differences
        self.turn = turn
        self.calls = 0

    def __call__(self, activation: Tensor) -> Tensor:
        self.calls += 1
        return activation + self.differences if self.calls == self.turn else activation


def residual_layers(suspect: Suspect) -> list[Layer]:
    """Every run of every site at the end of a block, in the order of the network.

    Args:
        suspect: needs access `ACTIVATIONS`.
    """
    sites = residual_sites(suspect, kinds=("hook_resid_post",))
    one = suspect.environment.sample(1, generator=suspect.generator())
    read = suspect.capture(one, sites) if sites else {}
    return [Layer(site, turn + 1) for site in sites for turn in range(len(read[site]))]


def read_layers(
    suspect: Suspect, instances: Instances, layers: Sequence[Layer]
) -> dict[Layer, Float[Tensor, "batch position width"]]:
    """Activations of every layer for every instance.

    Args:
        suspect: needs access `ACTIVATIONS`.
        instances: what to run.
        layers: as from `residual_layers`.
    """
    sites = list(dict.fromkeys(layer.site for layer in layers))
    parts: dict[Layer, list[Tensor]] = {layer: [] for layer in layers}
    for first in range(0, len(instances), BATCH):
        chunk = instances[first : first + BATCH]
        read = suspect.capture(chunk, sites)
        for layer in layers:
            # One batch: the runs of a site come one after another.
            begin = (layer.turn - 1) * len(chunk)
            parts[layer].append(read[layer.site][begin : begin + len(chunk)])
    return {layer: torch.cat(part) for layer, part in parts.items()}
