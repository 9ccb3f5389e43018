"""Put what one run holds at some tokens into another run, beside noise of the same norm."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from probes.capture import BATCH
from probes.turns import Layer, Recording, Replacement, Run

Logits = Float[Tensor, "batch decision action"]


@dataclass(frozen=True)
class Swapped:
    """Outputs before and after.

    Attributes:
        own: of the run that is changed, as it was.
        donor: of the run that what is put in comes from.
        swapped: of the own run with the donor's activations.
        noise: of the own run with a random change of the same norm at every swapped token.
    """

    own: Logits
    donor: Logits
    swapped: Logits
    noise: Logits


def swap(
    own: Run,
    donor: Run,
    layer: Layer,
    places: Bool[Tensor, "batch position"],
    *,
    generator: torch.Generator,
) -> Swapped:
    """Replace the residual stream at some tokens after one layer by that of another run.

    Args:
        own: runs the instances that are changed.
        donor: runs as many others, one for each.
        layer: where.
        places: tokens replaced.
        generator: source of the noise, on the device of the network.

    Raises:
        ValueError: there are more instances than one forward pass takes.
    """
    if len(places) > BATCH:
        raise ValueError(f"at most {BATCH} instances can be swapped at once, got {len(places)}")
    ours, theirs = Recording(layer.turn), Recording(layer.turn)
    own_logits, donor_logits = own({layer.site: ours}), donor({layer.site: theirs})
    difference = (theirs.kept - ours.kept) * places.to(ours.kept.device)[:, :, None]
    noise = torch.randn(difference.shape, generator=generator, device=generator.device)
    noise = noise.to(difference.device)
    noise *= difference.norm(dim=2, keepdim=True) / noise.norm(dim=2, keepdim=True)
    swapped, noised = (
        own({layer.site: Replacement(added, layer.turn)}) for added in (difference, noise)
    )
    return Swapped(own_logits, donor_logits, swapped, noised)
