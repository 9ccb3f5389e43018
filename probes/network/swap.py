"""Put what one run holds at some tokens into another run, or noise of the same norm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from probes.network.capture import BATCH
from probes.network.turns import Layer, Recording, Replacement, Run

Logits = Float[Tensor, "batch decision action"]
Stream = Float[Tensor, "batch position width"]


@dataclass(frozen=True)
class Record:
    """One run as it went.

    Attributes:
        logits: its outputs.
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
        recordings = {layer.site: Recording() for layer in layers}
        logits = run(recordings)
        if len(logits) > BATCH:
            raise ValueError(
                f"at most {BATCH} instances can be recorded at once, got {len(logits)}"
            )
        kept = {layer: recordings[layer.site].kept[layer.turn - 1] for layer in layers}
        return cls(logits, kept)


def difference(
    own: Record, donor: Record, layer: Layer, places: Bool[Tensor, "batch position"]
) -> Stream:
    """What has to be added to the own run at some tokens to put the donor's there."""
    ours, theirs = own.streams[layer], donor.streams[layer]
    return (theirs - ours) * places.to(ours.device)[:, :, None]


def noise_like(change: Stream, *, generator: torch.Generator) -> Stream:
    """A random direction at every token, of the same norm there."""
    noise = torch.randn(change.shape, generator=generator, device=generator.device)
    noise = noise.to(change.device)
    scaled: Tensor = noise * change.norm(dim=2, keepdim=True) / noise.norm(dim=2, keepdim=True)
    return scaled


def changed(run: Run, layer: Layer, change: Stream) -> Logits:
    """Outputs of a run to whose residual stream something is added after one layer."""
    return run({layer.site: Replacement(change, layer.turn)})
