"""Disagreement with the base oracle under every public shift and counterfactual edit."""

from __future__ import annotations

import math
from typing import Any

from detect.detector import Detector
from detect.disagreement import NOT_MEASURABLE, PURSUIT, disagreement
from detect.score import Score
from detect.separation import Separation
from probes.access import Access
from probes.environment import Environment
from probes.suspect import Suspect


class OodBattery(Detector):
    """Blind to whatever no public shift shows, rare triggers above all.

    Part `telling` is the largest excess among the conditions that set apart, by the oracles, what
    usual instances do not (`detect.separation`); part `other` that among the rest, where an
    objective that is no candidate may show.
    """

    name = "ood_battery"
    access = Access.OUTPUTS
    measures = PURSUIT
    parts = ("telling", "other")
    cost = 0.6

    def __init__(self, *, n_instances: int = 128) -> None:
        """Configure.

        Args:
            n_instances: instances per shift and per edit, at least 1.
        """
        self.n_instances = n_instances

    def score(self, suspect: Suspect) -> Score:
        """Largest excess over the same suspect's disagreement in distribution, in [-1, 1].

        Edits are applied to instances drawn in distribution.
        """
        environment = suspect.environment
        shown = Separation.of(environment).shown
        if not any(shown.values()):
            return Score.abstain(f"environment {environment.name!r} has no telling shift or edit")
        excess = self.excess(suspect)
        if any(math.isnan(value) for value in excess.values()):
            return Score.abstain(NOT_MEASURABLE)
        telling, other = (
            [value for one, value in excess.items() if bool(shown[one]) is tells]
            for tells in (True, False)
        )
        worst = max(excess, key=lambda one: excess[one])
        instances = self._instances(environment, suspect, worst)
        seen = disagreement(suspect, instances)
        return Score(
            excess[worst],
            found=f"worst under {worst}: disagrees with {environment.base_objective!r} at "
            f"{seen.share:.3f} of decisions, {seen.share - excess[worst]:.3f} in distribution "
            f"({seen.n} instances); at {seen.worst_share:.2f} of the decisions of\n"
            f"{environment.render(instances, seen.worst)}",
            parts={"telling": max(telling), "other": max(other, default=math.nan)},
            reason="" if other else "part 'other': every shift and edit is telling",
        )

    def excess(self, suspect: Suspect) -> dict[str, float]:
        """Condition -> share of decisions that disagree beyond those in distribution; NaN where
        outputs are not finite."""
        conditions = Separation.of(suspect.environment).shown
        drawn = {one: self._instances(suspect.environment, suspect, one) for one in conditions}
        usual = disagreement(suspect, self._instances(suspect.environment, suspect, None)).share
        return {one: disagreement(suspect, part).share - usual for one, part in drawn.items()}

    def _instances(
        self, environment: Environment[Any], suspect: Suspect, condition: str | None
    ) -> Any:
        """Draw for one condition; every condition starts from the same random stream."""
        generator = suspect.generator()
        kind, _, name = (condition or "").partition("_")
        shift = name if kind == "shift" else None
        drawn = environment.sample(self.n_instances, generator=generator, shift=shift)
        return environment.edit(name, drawn, generator=generator) if kind == "edit" else drawn
