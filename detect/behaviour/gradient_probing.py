"""Search over instances by gradient: run the edits that the embedding's slope says hurt most."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from detect.behaviour.edit_slope import GRADIENT_PASSES, EditSlope, TokenTable, first_places
from detect.contract.detector import Detector
from detect.contract.need import Need
from detect.contract.score import NOT_MEASURABLE, Score, abstain_unless
from detect.oracle.context_drop import CONTEXT_EDIT, Contexts, random_contexts, random_values
from detect.oracle.disagreement import PURSUIT, missed_share, regrets
from probes.network.access import Access
from probes.network.suspect import Suspect
from probes.world.environment import Instances

SLOT = "one context slot"
"""Name of the edit that replaces it."""

SPARE = 2
"""Blind edits drawn for each one tried, as some are alike."""


@dataclass(frozen=True)
class Pool:
    """Instances without an instruction, their contexts and regrets, and the edit made last."""

    instances: Instances
    contexts: Contexts
    regret: Float[Tensor, " instance"]
    edit: str

    @classmethod
    def run(cls, suspect: Suspect, instances: Instances, contexts: Contexts, edit: str) -> Pool:
        """Let the network answer."""
        environment = suspect.environment
        optimal = environment.optimal(instances, environment.base_objective)
        return cls(instances, contexts, regrets(suspect.outputs(instances), optimal), edit)

    def worst(self, n: int) -> Pool:
        """Those with most regret; unknown regret comes last."""
        kept = self.regret.nan_to_num(nan=-1.0).argsort(descending=True)[:n]
        return Pool(self.instances[kept], self.contexts[kept], self.regret[kept], self.edit)

    def mean(self) -> float:
        """Mean regret, in nats; -1 where nothing is known."""
        return float(self.regret.nanmean().nan_to_num(nan=-1.0))


@dataclass(frozen=True, kw_only=True)
class GradientProbing(Detector):
    """Edits instances where the gradient says that it hurts most, in search of a hidden flaw.

    Greedy coordinate gradient over valid instances: each round draws many edits of the worst ones,
    orders them by a first-order estimate of the regret that each would cause, and runs the network
    on the first only (HotFlip, Ebrahimi et al. 2018; GCG, Zou et al. 2023). The part `blind` runs
    it on edits as they come, for as many forward passes. The oracle judges every instance.

    Raises:
        ValueError: the numbers of instances do not descend.
    """

    name = "gradient_probing"
    access = Access.WEIGHTS
    needs = frozenset({Need.ORACLE, Need.TOKENS})
    measures = PURSUIT
    parts = ("blind", "gain")
    cost = 2.0

    n_start: int = 96
    """Instances that the first ones are chosen from."""
    n_rounds: int = 5
    """Edits in a row."""
    n_drawn: int = 320
    """Edits of every kind that are ordered in a round."""
    n_tried: int = 40
    """Edits among them that the network is run on."""
    elite: int = 16
    """Instances kept from every round."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.elite <= self.n_tried <= self.n_drawn or self.elite > self.n_start:
            raise ValueError(
                "wanted 0 < elite <= n_tried <= n_drawn and elite <= n_start, got "
                f"{self.elite}, {self.n_tried}, {self.n_drawn} and {self.n_start}"
            )

    def score(self, suspect: Suspect) -> Score:
        """Mean regret, in nats from 0, of the worst instances reached: higher is more suspicious.

        Regret is -log(probability of the base-optimal actions), so that a network that errs
        without knowing better counts less than one that is sure of something else.
        """
        environment, generator = suspect.environment, suspect.generator()
        drawn = environment.sample(self.n_start, generator=generator)
        contexts = random_contexts(environment.context, self.n_start, generator=generator)
        start = environment.with_context(drawn, contexts)
        kinds = self._kinds(suspect)
        abstain_unless(kinds, f"environment {environment.name!r} has neither edits nor context")
        table = TokenTable.read(suspect, start)
        screened = Pool.run(suspect, start, contexts, "none")
        abstain_unless(~screened.regret.isnan().all(), NOT_MEASURABLE)
        guided = blind = screened.worst(self.elite)
        for _ in range(self.n_rounds):
            guided = self._step(suspect, guided, table, generator)
            blind = self._step(suspect, blind, None, generator)
        missed = missed_share(suspect, guided.instances)
        worst = int(guided.regret.nan_to_num(nan=-1.0).argmax())
        reached, without = guided.mean(), blind.mean()
        return Score(
            reached,
            found=f"{reached:.2f} nats of regret ({without:.2f} by as many blind proposals, "
            f"{screened.mean():.2f} in distribution), {float(missed.nanmean()):.3f} of the "
            f"decisions against {environment.base_objective!r}, on {len(missed)} instances "
            f"found by {self.n_rounds} rounds of guided edits, {guided.edit} the last, the worst\n"
            f"{environment.render(guided.instances, worst)}",
            parts={"blind": without, "gain": reached - without},
        )

    def _kinds(self, suspect: Suspect) -> list[str]:
        """The edits, slots changing one at a time and not all at once."""
        environment = suspect.environment
        kinds = [edit for edit in environment.edits if edit != CONTEXT_EDIT]
        return [*kinds, SLOT] if environment.context.n_slots else kinds

    def _step(
        self, suspect: Suspect, pool: Pool, table: TokenTable | None, generator: torch.Generator
    ) -> Pool:
        """The worst results of the kind of edit that does most harm; the pool where none does."""
        kinds = self._kinds(suspect)
        slope = None if table is None else EditSlope.at(suspect, pool.instances, table)
        # Blind proposals get the passes that the gradient costs.
        spared = 0 if slope else -(-GRADIENT_PASSES * self.elite // len(kinds))
        n_drawn = self.n_drawn if slope else SPARE * (self.n_tried + spared)
        steps = [pool]
        for kind in kinds:
            instances, contexts, parent = self._drawn(suspect, pool, kind, n_drawn, generator)
            if slope is not None:
                order = slope.promise(instances, parent).argsort(descending=True)
                instances, contexts = instances[order], contexts[order]
            few = slice(self.n_tried + spared)
            tried = Pool.run(suspect, instances[few], contexts[few], kind)
            if len(tried.regret) >= self.elite:
                steps.append(tried.worst(self.elite))
        return max(steps, key=Pool.mean)

    def _drawn(
        self, suspect: Suspect, pool: Pool, kind: str, n_drawn: int, generator: torch.Generator
    ) -> tuple[Instances, Contexts, Int[Tensor, " edit"]]:
        """Different edits of one kind in random order, their contexts, and what they edit."""
        environment = suspect.environment
        parent = torch.arange(n_drawn) % len(pool.regret)
        contexts, instances = pool.contexts[parent], pool.instances[parent]
        if kind == SLOT:
            space = environment.context
            slot = torch.randint(space.n_slots, (n_drawn,), generator=generator)
            values = random_values(space, slot, generator=generator)
            contexts[torch.arange(n_drawn), slot] = values
        else:
            instances = environment.edit(kind, instances, generator=generator)
        instances = environment.with_context(instances, contexts)
        kept = distinct(environment.tokens(instances).flatten(1), generator)
        return instances[kept], contexts[kept], parent[kept]


def distinct(
    rows: Shaped[Tensor, "row column"], generator: torch.Generator
) -> Int[Tensor, " different"]:
    """Places of different rows, one of each, in random order."""
    different, where = torch.unique(rows, dim=0, return_inverse=True)
    place = first_places(where, len(different))
    shuffled: Tensor = place[torch.randperm(len(place), generator=generator)]
    return shuffled
