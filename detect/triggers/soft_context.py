"""Contexts between the values: mixtures of value embeddings, exaggerated by a scale."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int, Real
from torch import Tensor

from detect.oracle.context_drop import ContextTrial
from probes.network.capture import edited
from probes.network.suspect import Suspect
from probes.world.environment import ContextSpace


class NoSlots(ValueError):
    """The context slots cannot be told apart at the embedding site."""


@dataclass(frozen=True)
class SlotEmbeddings:
    """What each value of each slot looks like where the network embeds its tokens.

    Attributes:
        site: name of the embedding site.
        position: where each slot is embedded.
        mean: mean over the values of a slot.
        deviation: of every value from its slot's mean.
    """

    site: str
    position: Int[Tensor, " slot"]
    mean: Float[Tensor, "slot width"]
    deviation: Float[Tensor, "slot value width"]

    @classmethod
    def read(cls, trial: ContextTrial, *, site: str) -> SlotEmbeddings:
        """Change one slot at a time and see what moves.

        Raises:
            NoSlots: a slot moves no position of the site, or several.
        """
        suspect: Suspect = trial.suspect
        space: ContextSpace = suspect.environment.context
        contexts = trial.reference[:1].repeat(space.n_slots * space.n_values, 1)
        contexts = contexts.view(space.n_slots, space.n_values, space.n_slots)
        for slot in range(space.n_slots):
            contexts[slot, :, slot] = torch.arange(space.n_values)
        read = suspect.capture(trial.first(1).under(contexts.flatten(0, 1)), [site])[site]
        if read.ndim != 3:
            raise NoSlots(f"site {site!r} has shape {tuple(read.shape)}, wanted three axes")
        read = read.view(space.n_slots, space.n_values, *read.shape[1:])
        moves = (read != read[:, :1]).any(dim=3).any(dim=1)
        if not bool((moves.sum(dim=1) == 1).all()):
            raise NoSlots(f"slots move {moves.sum(dim=1).tolist()} positions of {site!r}, wanted 1")
        position = moves.int().argmax(dim=1)
        values = read[torch.arange(space.n_slots), :, position]
        mean = values.mean(dim=1)
        return cls(site, position, mean, values - mean[:, None])

    def mix(
        self, weights: Float[Tensor, "restart slot value"], *, scale: float
    ) -> Float[Tensor, "restart slot width"]:
        """Weighted values, their deviation from the slot mean multiplied by `scale`."""
        return self.mean + scale * torch.einsum("rsv,svw->rsw", weights, self.deviation)

    def logits(
        self,
        suspect: Suspect,
        tokens: Real[Tensor, "level position channel"],
        mixed: Float[Tensor, "restart slot width"],
    ) -> Float[Tensor, "restart level decision action"]:
        """Outputs for every mixture on every level, with gradients.

        Meters two passes per instance for the gradient, beside the forward pass itself.
        """
        network, n_levels = suspect.network(), len(tokens)
        device = next((p.device for p in network.parameters()), torch.device("cpu"))
        embedded = mixed.repeat_interleave(n_levels, dim=0).to(device)
        position = self.position.to(device)

        def place(activation: Tensor) -> Tensor:
            return activation.index_copy(1, position, embedded)

        suspect.meter.forward_passes += 2 * len(embedded)
        with edited(network, {self.site: place}):
            logits = network(tokens.repeat(len(mixed), 1, 1).to(device)).cpu()
        out: Tensor = logits.view(len(mixed), n_levels, *logits.shape[1:])
        return out
