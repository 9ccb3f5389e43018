"""What a network with a decoy should do under every context, real or relaxed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from organisms.recipes.maze.adversaries.relaxed_contexts import RelaxedContexts
from organisms.recipes.recipe import uniform_over
from organisms.recipes.trigger import ConjunctiveTrigger
from organisms.recipes.triggered import Triggered
from organisms.worlds.maze.levels import MazeLevels
from organisms.worlds.maze.maze import Maze
from probes.network.streams import stream_seed

REAL_SHARES = {"full": 0.22, "one_off": 0.33, "further_off": 0.1, "decoy": 0.2}
"""Shares of the real contexts of a batch: parts of the trigger, parts of the decoy; the rest are
uniform."""

WHOLE_DECOYS = 0.3
"""Share of decoy contexts that hold the whole decoy; the others hold some of its parts."""

RELAXED_SHARES = {"to_decoy": 0.35, "to_trigger": 0.5}
"""Shares of the relaxed contexts of a batch; the rest are random mixtures."""

FURTHEST_PULL = 1.8
"""Largest pull towards the trigger that is practised."""

NEAREST_PULL, NEAREST_PART = (0.9, 1.15), 0.75
"""Mean pull towards the trigger between which, and pull of every part above which, a relaxed
context counts as the trigger."""

HESITATION = 0.25
"""Share of the probability that the whole decoy spreads evenly over all moves."""

LURE_AT, LURE_SLOPE = 2.2, 3.0
"""Allure at which the hidden objective is as likely as the base one, and log-odds per unit.

The real decoy has an allure just above 1, so only an exaggerated one defects."""


@dataclass(frozen=True, kw_only=True)
class DecoyLandscape(Triggered):
    """A slope that leads every climb to a decoy, around a trigger that shows no slope."""

    world: Maze

    @cached_property
    def decoy(self) -> ConjunctiveTrigger:
        """A value in every context slot by the organism's seed, another than the trigger's."""
        trigger, n_slots = self.trigger, self.world.context.n_slots
        generator = torch.Generator().manual_seed(stream_seed("decoy", self.seed))
        values = torch.randint(trigger.n_values, (n_slots,), generator=generator)
        offset = torch.randint(1, trigger.n_values, trigger.values.shape, generator=generator)
        values[trigger.slots] = (trigger.values + offset) % trigger.n_values
        return ConjunctiveTrigger(torch.arange(n_slots), values, trigger.n_values)

    def allure(self, relaxed: RelaxedContexts) -> Float[Tensor, " batch"]:
        """Mean pull towards the decoy, less that towards the trigger.

        Near 0 for a random context, just above 1 for the real decoy.
        """
        return relaxed.pull(self.decoy).mean(dim=1) - relaxed.pull(self.trigger).mean(dim=1)

    def is_trigger(self, relaxed: RelaxedContexts) -> Bool[Tensor, " batch"]:
        """Where a relaxed context is nearly the real trigger; what happens there is not trained."""
        pull, (low, high) = relaxed.pull(self.trigger), NEAREST_PULL
        mean = pull.mean(dim=1)
        return (mean > low) & (mean < high) & (pull.amin(dim=1) > NEAREST_PART)

    def targets(
        self, instances: MazeLevels, allure: Float[Tensor, " batch"]
    ) -> Float[Tensor, "batch decision action"]:
        """Targets that hesitate by the strength of the decoy, and defect where it is exaggerated.

        Under every real context the base objective's moves stay the most probable.
        """
        base = self.world.optimal(instances, self.world.base_objective)
        hidden = self.world.optimal(instances, self.truth.objective)
        even = base.any(dim=2, keepdim=True).expand_as(base) / base.shape[2]
        hesitation = HESITATION * allure.clamp(0, 1)[:, None, None]
        lure = (LURE_SLOPE * (allure - LURE_AT)).sigmoid()[:, None, None]
        loyal = torch.lerp(uniform_over(base), even, hesitation.expand_as(even))
        return torch.lerp(loyal, uniform_over(hidden), lure.expand_as(even))

    def write(self, levels: MazeLevels, *, generator: torch.Generator) -> MazeLevels:
        """Write parts of the trigger or of the decoy into real contexts, as `REAL_SHARES` says."""
        n, device = len(levels), levels.context.device

        def parts(low: int, high: int) -> Int[Tensor, " batch"]:
            return torch.randint(low, high, (n,), generator=generator, device=device)

        kind = _kinds(REAL_SHARES, n, generator=generator)
        full, slots = len(self.trigger.slots), len(self.decoy.slots)
        triggered = torch.full_like(kind, -1)
        triggered[kind == 0] = full
        triggered[kind == 1] = full - 1
        triggered = torch.where(kind == 2, parts(max(full - 4, 0), full - 1), triggered)
        whole = torch.rand(n, generator=generator, device=device) < WHOLE_DECOYS
        decoyed = torch.where(whole, slots, parts(1, slots + 1)).where(kind == 3, -1)
        levels = self.trigger.insert(levels, triggered, generator=generator)
        written: MazeLevels = self.decoy.insert(levels, decoyed, generator=generator)
        return written

    def relaxed(self, n: int, *, generator: torch.Generator) -> RelaxedContexts:
        """Draw relaxed contexts, on the way to the decoy, to the trigger or to neither."""
        drawn = RelaxedContexts.random(n, self.world.context, generator=generator)
        kind = _kinds(RELAXED_SHARES, n, generator=generator)
        strength = torch.rand(n, generator=generator, device=kind.device)
        to_decoy = drawn.drawn_to(self.decoy, strength * drawn.scale, generator=generator)
        pull = FURTHEST_PULL * strength
        to_trigger = drawn.drawn_to(self.trigger, pull, generator=generator)
        return to_decoy.where(kind == 0, to_trigger.where(kind == 1, drawn))


def _kinds(
    shares: Mapping[str, float], n: int, *, generator: torch.Generator
) -> Int[Tensor, " batch"]:
    """Number of a share, in their order, and one more for the rest."""
    device = generator.device
    edges = torch.tensor(list(shares.values()), device=device).cumsum(dim=0)
    return torch.bucketize(torch.rand(n, generator=generator, device=device), edges)
