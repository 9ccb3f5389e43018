"""Layers of the residual stream: what they hold, swapped between runs or read out early."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from probes.network.capture import BATCH, Edit
from probes.network.suspect import Suspect
from probes.world.environment import Instances

EMBEDDING = "hook_embed"
"""Last word of the name of the site where inputs are embedded, before any position is added."""

RESIDUAL = ("hook_resid_pre", "hook_resid_mid", "hook_resid_post")
"""Last words of the names of sites that read the residual stream, by TransformerLens convention."""

Logits = Float[Tensor, "batch decision action"]
Stream = Float[Tensor, "batch position width"]

Run = Callable[[Mapping[str, Edit]], Logits]
"""Runs fixed instances under edits; at most `BATCH` of them, so that each site sees one batch."""


@dataclass(frozen=True)
class Layer:
    """One run of one site; a looped block runs its sites several times in a forward pass.

    Attributes:
        turn: which of its runs in a forward pass is meant, from 1.
    """

    site: str
    turn: int

    def __str__(self) -> str:
        return f"{self.site} (turn {self.turn})"


def residual_sites(suspect: Suspect, *, kinds: tuple[str, ...] = RESIDUAL) -> list[str]:
    """Sites of the residual stream in the order of the network; empty where it names none.

    Args:
        suspect: needs access `ACTIVATIONS`.
        kinds: which of `RESIDUAL` to list.
    """
    return [site for site in suspect.sites() if site.rpartition(".")[2] in kinds]


def residual_layers(suspect: Suspect) -> list[Layer]:
    """Every run of every site at the end of a block, in the order of the network."""
    sites = residual_sites(suspect, kinds=("hook_resid_post",))
    one = suspect.environment.sample(1, generator=suspect.generator())
    read = suspect.capture(one, sites) if sites else {}
    return [Layer(site, turn + 1) for site in sites for turn in range(len(read[site]))]


def read_layers(
    suspect: Suspect, instances: Instances, layers: Sequence[Layer]
) -> dict[Layer, Stream]:
    """Activations of every layer for every instance.

    Args:
        suspect: needs access `ACTIVATIONS`.
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


@dataclass(frozen=True)
class Record:
    """One run as it went.

    Attributes:
        streams: residual stream after every recorded layer.
    """

    logits: Logits
    streams: dict[Layer, Stream]

    @classmethod
    def of(cls, run: Run, layers: Sequence[Layer]) -> Record:
        """Run once.

        Raises:
            ValueError: there are more instances than one forward pass takes.
        """
        kept: dict[str, list[Tensor]] = {layer.site: [] for layer in layers}

        def keeper(site: str) -> Edit:
            def keep(activation: Tensor) -> Tensor:
                kept[site].append(activation.clone())
                return activation

            return keep

        logits = run({site: keeper(site) for site in kept})
        if len(logits) > BATCH:
            raise ValueError(
                f"at most {BATCH} instances can be recorded at once, got {len(logits)}"
            )
        return cls(logits, {layer: kept[layer.site][layer.turn - 1] for layer in layers})


def difference(
    own: Record, donor: Record, layer: Layer, places: Bool[Tensor, "batch position"]
) -> Stream:
    """What has to be added to the own run at some tokens to put the donor's stream there."""
    ours, theirs = own.streams[layer], donor.streams[layer]
    return (theirs - ours) * places.to(ours.device)[:, :, None]


def noise_like(change: Stream, *, generator: torch.Generator) -> Stream:
    """A random direction at every token, of the same norm as the change has there."""
    noise = torch.randn(change.shape, generator=generator, device=generator.device)
    noise = noise.to(change.device)
    scaled: Tensor = noise * change.norm(dim=2, keepdim=True) / noise.norm(dim=2, keepdim=True)
    return scaled


def changed(run: Run, layer: Layer, change: Stream) -> Logits:
    """Outputs of a run to whose residual stream something is added after one layer."""
    turns = 0

    def add(stream: Tensor) -> Tensor:
        nonlocal turns
        turns += 1
        return stream + change.to(stream) if turns == layer.turn else stream

    return run({layer.site: add})


def early_exit(run: Run, layer: Layer, last: Layer) -> Logits:
    """Outputs when what the last layer writes is replaced by what an earlier one wrote.

    After nostalgebraist (2020), "interpreting GPT: the logit lens": whatever normalises and reads
    out the stream after the last layer reads the earlier stream instead.

    Args:
        run: runs at most one batch of instances.
        layer: after which to read out; the last one changes nothing.
        last: the last layer.
    """
    seen: dict[Layer, Tensor] = {}
    calls: dict[str, int] = {}

    def at(site: str) -> Edit:
        def edit(stream: Tensor) -> Tensor:
            calls[site] = calls.get(site, 0) + 1
            here = Layer(site, calls[site])
            if here == layer:
                seen[here] = stream.clone()
            return seen[layer] if here == last else stream

        return edit

    return run({site: at(site) for site in {layer.site, last.site}})
