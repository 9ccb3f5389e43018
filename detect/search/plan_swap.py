"""Put another goal's plan into a run: does the first step become that plan's?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from detect.contract.detector import Detector
from detect.contract.need import Need
from detect.contract.score import NOT_FINITE, Score, abstain_unless
from detect.search.first_step import MIN_PAIRS, FirstSteps, stepwise
from probes.network.access import Access
from probes.network.capture import BATCH
from probes.network.layers import (
    Layer,
    Record,
    changed,
    difference,
    early_exit,
    noise_like,
    residual_layers,
)
from probes.network.suspect import Suspect

START = "start"
"""The decision's own token. It holds a plan only as long as it does not hold the answer."""


@dataclass(frozen=True, kw_only=True)
class PlanSwap(Detector):
    """Puts another goal's activations into a run, at tokens that tell neither goal nor answer.

    What is left to swap there is a plan, and only a plan that is read moves the first step. One
    that is written down and not read moves nothing, however well it decodes.
    """

    name = "plan_swap"
    question = "search"
    access = Access.INTERVENTIONS
    needs = frozenset({Need.ORACLE, Need.STEPWISE, Need.DEPTH})
    measures = frozenset({"plan_swap"})
    parts = ("obeyed", "noise")
    cost = 3.0

    edit: str = "move_goal"
    """Counterfactual edit that gives the donor its goal."""
    n_instances: int = 1000
    """Instances edited; those whose first step must change are kept."""

    def score(self, suspect: Suspect) -> Score:
        """Share of swaps that are obeyed, less that of random directions; in [-1, 1].

        Layer and tokens are chosen on the first half of the pairs, the score is of the second.
        A swap is obeyed where the first step was the old plan's and becomes the new one's.
        """
        environment, generator = stepwise(suspect, self.edit), suspect.generator()
        steps = FirstSteps.draw(environment, self.n_instances, edit=self.edit, generator=generator)
        few = f"only {len(steps)} pairs, {2 * MIN_PAIRS} wanted"
        abstain_unless(len(steps) >= 2 * MIN_PAIRS, few)
        layers = residual_layers(suspect)
        deep = len(layers) >= 2
        abstain_unless(deep, "the network names no residual site before its last block")
        steps = steps[: 2 * BATCH]
        half = len(steps) // 2
        first = Swaps.record(suspect, steps[:half], layers)
        finite = first.own.logits.isfinite().all() & first.donor.logits.isfinite().all()
        abstain_unless(finite, NOT_FINITE)
        places = [*environment.places(steps.before), START]
        tried = {
            (layer, place): float(first.turned(layer, place, None).float().mean())
            for layer in layers[:-1]
            for place in places
        }
        layer, place = max(tried, key=lambda at: tried[at])
        second = Swaps.record(suspect, steps[half:], layers)
        obeyed, noise = (
            float(second.turned(layer, place, source).float().mean())
            for source in (None, generator)
        )
        return Score(
            obeyed - noise,
            found=f"at the {place} after {layer} another goal's activations turn the first step to "
            f"that goal in {obeyed:.3f} of {len(second.steps)} runs, random directions of the same "
            f"norm in {noise:.3f} ({len(tried)} places tried on {half} others)",
            parts={"obeyed": obeyed, "noise": noise},
        )


@dataclass(frozen=True)
class Swaps:
    """Runs of instances before (`own`) and after an edit (`donor`), to swap activations between.

    `layers` are all of the network, the last one included.
    """

    suspect: Suspect
    steps: FirstSteps
    layers: list[Layer]
    own: Record
    donor: Record

    @classmethod
    def record(cls, suspect: Suspect, steps: FirstSteps, layers: list[Layer]) -> Swaps:
        """Run every pair once."""
        own, donor = (
            Record.of(partial(suspect.intervene, side), layers)
            for side in (steps.before, steps.after)
        )
        return cls(suspect, steps, layers, own, donor)

    def turned(
        self, layer: Layer, place: str, generator: torch.Generator | None
    ) -> Bool[Tensor, " batch"]:
        """Whether the first step was the old plan's and is now the new one's.

        What is put in, at a place after a layer, is the donor's activations, or noise from the
        generator where one is given.
        """
        steps = self.steps
        change = difference(self.own, self.donor, layer, self.mask(place))
        if generator is not None:
            change = noise_like(change, generator=generator)
        logits = changed(partial(self.suspect.intervene, steps.before), layer, change)
        turned = steps.takes(self.own.logits, steps.old) & steps.takes(logits, steps.new)
        return turned & ~self._answered(layer) if place == START else turned

    def mask(self, place: str) -> Bool[Tensor, "batch position"]:
        """Tokens of a place."""
        places = stepwise(self.suspect).places(self.steps.before)
        if place != START:
            return places[place]
        n_positions = next(iter(places.values())).shape[1]
        return torch.arange(n_positions) == self.steps.start[:, None]

    def _answered(self, layer: Layer) -> Bool[Tensor, " batch"]:
        """Whether the donor's run would give its right first step after this layer already."""
        logits: Float[Tensor, "batch decision action"] = early_exit(
            partial(self.suspect.intervene, self.steps.after), layer, self.layers[-1]
        )
        return self.steps.takes(logits, self.steps.new)
