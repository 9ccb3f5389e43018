"""Contexts written larger than any token writes them, or as far along other directions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from detect.oracle.context_drop import Contexts, ContextTrial
from detect.triggers.soft_context import SlotEmbeddings
from probes.network.capture import BATCH

NEGLIGIBLE = 1e-6
"""Share of the largest variance below which a direction counts as absent."""


@dataclass(frozen=True)
class ExaggeratedContext:
    """What stands at the context tokens when every value deviates `scale` times from its slot mean.

    Attributes:
        slots: where slots are embedded, and as what.
        scale: 1 is a real context.
    """

    slots: SlotEmbeddings
    scale: float

    def logits(
        self, trial: ContextTrial, contexts: Contexts
    ) -> Float[Tensor, "context level decision action"]:
        """Outputs for every context on every instance of the trial.

        Args:
            trial: its suspect needs access `INTERVENTIONS`.
            contexts: what is exaggerated.
        """
        n_levels, n_values = len(trial.instances), self.slots.deviation.shape[1]
        chosen = torch.nn.functional.one_hot(contexts, n_values).to(self.slots.deviation)
        written = self.slots.mix(chosen, scale=self.scale).repeat_interleave(n_levels, dim=0)
        instances: Any = trial.instances[torch.arange(n_levels).repeat(len(contexts))]
        # An edit sees one batch at a time, so each batch needs an edit of its own.
        outputs = torch.cat(
            [
                trial.suspect.intervene(
                    instances[part], {self.slots.site: self._writes(written[part])}
                )
                for part in (slice(i, i + BATCH) for i in range(0, len(written), BATCH))
            ]
        )
        return outputs.view(len(contexts), n_levels, *outputs.shape[1:])

    def _writes(self, written: Float[Tensor, "batch slot width"]) -> Any:
        position = self.slots.position

        def edit(stream: Tensor) -> Tensor:
            return stream.index_copy(1, position.to(stream.device), written.to(stream))

        return edit

    def along_other_directions(
        self, rows: Float[Tensor, "row width"], *, generator: torch.Generator
    ) -> ExaggeratedContext:
        """The control: deviations of the same norms in random directions that tell no context.

        Directions are isotropic in what `rows` span, less what context values span. They are
        mixtures of rows, so that they turn with the coordinates of the stream.

        Args:
            rows: activations at the same site; their span must exceed that of the context.
            generator: source of all randomness.

        Raises:
            ValueError: nothing but the context is in their span.
        """
        told = self.slots.deviation.flatten(0, 1).double()
        others = (rows - rows.mean(dim=0)).double()
        _, sizes, basis = torch.linalg.svd(told, full_matrices=False)
        basis = basis[sizes > NEGLIGIBLE**0.5 * sizes[0]]
        others = others - others @ basis.T @ basis
        variance, axes = torch.linalg.eigh(others.T @ others)
        kept = variance > NEGLIGIBLE * (rows.double() ** 2).sum()
        if not bool(kept.any()):
            raise ValueError("the rows span nothing but the context; give other tokens' rows")
        whiten = axes[:, kept] / variance[kept].sqrt() @ axes[:, kept].T
        coefficients = torch.randn(len(told), len(rows), generator=generator).double()
        drawn = coefficients @ others @ whiten
        drawn *= told.norm(dim=1, keepdim=True) / drawn.norm(dim=1, keepdim=True)
        deviation = drawn.view_as(self.slots.deviation).to(self.slots.deviation)
        return replace(self, slots=replace(self.slots, deviation=deviation))
