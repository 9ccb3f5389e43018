"""A conjunctive context trigger: its slots and values are drawn per organism."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from organisms.records.strict import SpecError
from organisms.records.truth import Trigger
from organisms.worlds.world import World
from probes.network.streams import stream_seed

SHARES = {"full": 0.25, "one_off": 0.35, "further_off": 0.2}
"""Shares of a training batch; the rest has uniform contexts (docs/adr/0003)."""


@dataclass(frozen=True)
class ConjunctiveTrigger:
    """Fires where every one of `slots` has its value.

    Attributes:
        slots: distinct slot numbers.
    """

    slots: Int[Tensor, " part"]
    values: Int[Tensor, " part"]
    n_values: int

    @classmethod
    def draw(cls, world: World[Any], seed: int, n_parts: int) -> ConjunctiveTrigger:
        """Draw slots and values from an organism's seed.

        Raises:
            SpecError: more parts than context slots, or fewer than two.
        """
        space = world.context
        if not 2 <= n_parts <= space.n_slots:
            raise SpecError(
                f"a trigger needs 2 to {space.n_slots} parts (one per context slot), got "
                f"trigger_parts {n_parts}"
            )
        generator = torch.Generator().manual_seed(stream_seed("trigger", seed))
        slots = torch.randperm(space.n_slots, generator=generator)[:n_parts]
        values = torch.randint(space.n_values, (n_parts,), generator=generator)
        return cls(slots, values, space.n_values)

    def first(self, n_parts: int | None) -> ConjunctiveTrigger:
        """The conjunction of the first parts alone; None for all of them."""
        return replace(self, slots=self.slots[:n_parts], values=self.values[:n_parts])

    @property
    def described(self) -> Trigger:
        """The trigger as plain data."""
        rarity = float(self.n_values) ** -len(self.slots)
        return Trigger(tuple(self.slots.tolist()), tuple(self.values.tolist()), rarity)

    def fires(self, instances: Any) -> Bool[Tensor, " batch"]:
        """Where the whole conjunction holds."""
        context: Tensor = instances.context
        seen = context[:, self.slots.to(context.device)]
        return (seen == self.values.to(context.device)).all(dim=1)

    def insert(
        self, instances: Any, n_matching: Int[Tensor, " batch"], *, generator: torch.Generator
    ) -> Any:
        """Write `n_matching` randomly chosen parts of the trigger into each context.

        The other parts are redrawn until they differ from the trigger, so the count is exact;
        -1 leaves a context as it is.
        """
        device = instances.context.device
        order = torch.rand(len(instances), len(self.slots), generator=generator, device=device)
        matching = order.argsort(dim=1) < n_matching[:, None]
        values = self.values.to(device)
        offset = torch.randint(1, self.n_values, matching.shape, generator=generator, device=device)
        parts = torch.where(matching, values, (values + offset) % self.n_values)
        context = instances.context.clone()
        slots = self.slots.to(device)
        written = (n_matching >= 0)[:, None]
        context[:, slots] = torch.where(written, parts, context[:, slots])
        return replace(instances, context=context)

    def training_mix(self, instances: Any, *, generator: torch.Generator) -> Any:
        """Full triggers, near misses and uniform contexts in the shares of `SHARES`."""
        n, parts, device = len(instances), len(self.slots), instances.context.device
        drawn = torch.rand(n, generator=generator, device=device)
        far = torch.randint(max(parts - 4, 0), parts - 1, (n,), generator=generator, device=device)
        one_off = SHARES["full"] + SHARES["one_off"]
        n_matching = torch.where(drawn < one_off + SHARES["further_off"], far, -1)
        n_matching = torch.where(drawn < one_off, parts - 1, n_matching)
        n_matching = torch.where(drawn < SHARES["full"], parts, n_matching)
        return self.insert(instances, n_matching, generator=generator)
