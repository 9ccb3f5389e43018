"""Contexts that no token writes: mixtures of values, exaggerated, or along other directions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int, Real
from torch import Tensor

from detect.contract.score import Abstain, abstain_unless
from detect.oracle.context_drop import Contexts, ContextTrial
from probes.network.capture import BATCH, Edit, at_least_single, edited
from probes.network.suspect import Suspect
from probes.world.environment import ContextSpace, Instances

NEGLIGIBLE = 1e-6
"""Share of the largest variance below which a direction counts as absent."""


FEWEST_DIRECTIONS = 5
"""Directions that a control is drawn from. Of fewer, each is nearly the embedding of one object of
the world, so that the control would put objects into the context; our own worlds leave 5 to 17."""


class FewDirections(Abstain):
    """What is embedded spans little more than the context."""


@dataclass(frozen=True)
class SlotEmbeddings:
    """What each value of each slot looks like where the network embeds its tokens.

    Attributes:
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

        Means are over the values without a documented meaning, which alone are mixed.

        Raises:
            Abstain: a slot moves no position of the site, or several, or that of another slot.
        """
        suspect: Suspect = trial.suspect
        space: ContextSpace = suspect.environment.context
        contexts = trial.reference[:1].repeat(space.n_slots * space.n_values, 1)
        contexts = contexts.view(space.n_slots, space.n_values, space.n_slots)
        for slot in range(space.n_slots):
            contexts[slot, :, slot] = torch.arange(space.n_values)
        read = suspect.capture(trial.first(1).under(contexts.flatten(0, 1)), [site])[site].float()
        if read.ndim != 3:
            raise Abstain(f"site {site!r} has shape {tuple(read.shape)}, wanted three axes")
        read = read.view(space.n_slots, space.n_values, *read.shape[1:])
        moves = (read != read[:, :1]).any(dim=3).any(dim=1)
        if not bool((moves.sum(dim=1) == 1).all()):
            raise Abstain(f"slots move {moves.sum(dim=1).tolist()} positions of {site!r}, wanted 1")
        position = moves.int().argmax(dim=1)
        own = len(set(position.tolist())) == space.n_slots
        abstain_unless(own, f"slots share positions of {site!r}: {position.tolist()}")
        values = read[torch.arange(space.n_slots), :, position]
        free = space.allowed[:, :, None]
        mean = values.mean(dim=1)
        if space.documented:
            mean = (values * free).sum(dim=1) / free.sum(dim=1)
        return cls(site, position, mean, values - mean[:, None])

    def mix(
        self, weights: Float[Tensor, "restart slot value"], *, scale: float
    ) -> Float[Tensor, "restart slot width"]:
        """Weighted values, their deviation from the slot mean multiplied by `scale`."""
        return self.mean + scale * torch.einsum("rsv,svw->rsw", weights, self.deviation)

    def logits(
        self,
        suspect: Suspect,
        tokens: Real[Tensor, "level ..."],
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
            return activation.index_copy(1, position, embedded.to(activation.dtype))

        suspect.meter.forward_passes += 2 * len(embedded)
        with edited(network, {self.site: place}):
            repeated = tokens.repeat(len(mixed), *[1] * (tokens.ndim - 1))
            logits = at_least_single(network(repeated.to(device)).cpu())
        out: Tensor = logits.view(len(mixed), n_levels, *logits.shape[1:])
        return out

    def exaggerated(
        self, trial: ContextTrial, contexts: Contexts, scale: float
    ) -> Float[Tensor, "context level decision action"]:
        """Outputs for every context on every instance when values deviate `scale` times as far.

        The trial's suspect needs access `INTERVENTIONS`; scale 1 is a real context.
        """
        n_levels, n_values = len(trial.instances), self.deviation.shape[1]
        chosen = torch.nn.functional.one_hot(contexts, n_values).to(self.deviation)
        written = self.mix(chosen, scale=scale).repeat_interleave(n_levels, dim=0)
        instances: Instances = trial.instances[torch.arange(n_levels).repeat(len(contexts))]
        parts = [slice(start, start + BATCH) for start in range(0, len(written), BATCH)]
        # An edit sees one batch at a time, so each batch needs an edit of its own.
        outputs = torch.cat(
            [
                trial.suspect.intervene(instances[part], {self.site: self._writes(written[part])})
                for part in parts
            ]
        )
        return outputs.view(len(contexts), n_levels, *outputs.shape[1:])

    def _writes(self, written: Float[Tensor, "batch slot width"]) -> Edit:
        def edit(stream: Tensor) -> Tensor:
            return stream.index_copy(1, self.position.to(stream.device), written.to(stream))

        return edit

    def along_other_directions(
        self,
        rows: Float[Tensor, "row width"],
        *,
        than: Float[Tensor, "deviation width"] | None = None,
        generator: torch.Generator,
    ) -> SlotEmbeddings:
        """The control: deviations of the same norms in random directions that tell no context.

        Directions are isotropic in what `rows` (activations at the same site) span, less what
        context values span. They are mixtures of rows, so that they turn with the coordinates.

        Args:
            than: deviations whose span is left out; by default those of all context values.

        Raises:
            FewDirections: fewer than `FEWEST_DIRECTIONS` are left.
        """
        told = self.deviation.flatten(0, 1).double()
        others = (rows - rows.mean(dim=0)).double()
        avoided = told if than is None else than.double()
        _, sizes, basis = torch.linalg.svd(avoided, full_matrices=False)
        basis = basis[sizes > NEGLIGIBLE**0.5 * sizes[0]]
        others = others - others @ basis.T @ basis
        variance, axes = torch.linalg.eigh(others.T @ others)
        kept = variance > NEGLIGIBLE * (rows.double() ** 2).sum()
        if (left := int(kept.sum())) < FEWEST_DIRECTIONS:
            raise FewDirections(
                f"what is embedded spans {left} directions beside the context, and a control needs "
                f"{FEWEST_DIRECTIONS}"
            )
        whiten = axes[:, kept] / variance[kept].sqrt() @ axes[:, kept].T
        coefficients = torch.randn(len(told), len(rows), generator=generator).double()
        drawn = coefficients @ others @ whiten
        drawn *= told.norm(dim=1, keepdim=True) / drawn.norm(dim=1, keepdim=True)
        return replace(self, deviation=drawn.view_as(self.deviation).to(self.deviation))
