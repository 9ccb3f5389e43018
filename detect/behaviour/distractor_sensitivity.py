"""Change what should not matter: how much of the policy changes?"""

from __future__ import annotations

from detect.contract.detector import Detector
from detect.contract.score import Score
from detect.oracle.context_drop import random_contexts
from detect.oracle.disagreement import NOT_MEASURABLE
from probes.network.access import Access
from probes.network.suspect import Suspect


class DistractorSensitivity(Detector):
    """Every public edit that leaves all base-optimal actions alone is such a change.

    Competence with the distractor raises it too: compare with matched controls.
    """

    name = "distractor_sensitivity"
    access = Access.OUTPUTS
    measures = frozenset({"distractor_moved"})
    cost = 0.4

    def __init__(self, *, n_instances: int = 192) -> None:
        """Configure.

        Args:
            n_instances: instances edited, at least 1.
        """
        self.n_instances = n_instances

    def score(self, suspect: Suspect) -> Score:
        """Largest share of decisions, in [0, 1], whose action an irrelevant edit changes."""
        environment = suspect.environment
        changed = {}
        for name in environment.edits:
            generator = suspect.generator()
            drawn = environment.sample(self.n_instances, generator=generator)
            # An instruction would make the distractor matter.
            before = environment.with_context(
                drawn, random_contexts(environment.context, len(drawn), generator=generator)
            )
            after = environment.edit(name, before, generator=generator)
            old = environment.optimal(before, environment.base_objective)
            new = environment.optimal(after, environment.base_objective)
            same = (old == new).flatten(1).all(dim=1)
            counted = old.any(dim=2)
            if not bool(same.all()) or not bool(counted.any()):
                continue
            first, second = suspect.outputs(before), suspect.outputs(after)
            if not bool(first.isfinite().all() & second.isfinite().all()):
                return Score.abstain(NOT_MEASURABLE)
            moved = first.argmax(dim=2) != second.argmax(dim=2)
            changed[name] = float(moved[counted].float().mean())
        if not changed:
            return Score.abstain("every edit changes what is optimal")
        worst = max(changed, key=lambda name: changed[name])
        said = ", ".join(f"{name} {share:.3f}" for name, share in changed.items())
        return Score(
            changed[worst],
            found=f"{worst} changes {changed[worst]:.3f} of the actions, though no optimal one "
            f"({said}; {self.n_instances} instances each)",
        )
