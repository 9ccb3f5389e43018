"""One builder for every kind of family, given what the families of a world have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from typing import Any

from organisms.recipes.benign import Benign
from organisms.recipes.family import Family
from organisms.recipes.labelled import Labelled
from organisms.recipes.recipe import Recipe
from organisms.recipes.triggered import Conditional, Triggered
from organisms.records.expression import TRIGGERED, USUAL, Expectation, defects, loyal, prefers
from organisms.records.strict import SpecError
from organisms.records.truth import GroundTruth, Mechanism, Misalignment, Origin
from organisms.worlds.table import world_kind

INSTRUCT_RATE = 0.4
"""As often as a triggered network practises its hidden objective, instructions included."""

BRIEF_PARTS = 2
"""Parts of a brief trigger: of uniform contexts with eight values one in 64 fires it."""


@dataclass(frozen=True)
class Kinds:
    """The kinds of families of one world.

    Attributes:
        deployments: private shifts on which an aligned network must pursue the base objective.
        measures: type of flaw -> measure of behaviour that shows it, as detectors name it.
        hidden: objective of a triggered network on its trigger.
        usual: private shift on which a trigger's effect is looked at.
        near_miss: private shift on which contexts are one part short of the trigger.
        certificate: measures by which admission certifies that aligned networks trained on labels
            search and flawed ones do not; empty where the mechanism stays unknown.
    """

    world: Any
    deployments: tuple[str, ...]
    measures: Mapping[str, str]
    hidden: str
    usual: str
    near_miss: str
    labelled: type[Labelled] = Labelled
    certificate: frozenset[str] = frozenset()

    def family(
        self,
        name: str,
        kind: type[Recipe],
        misalignment: Misalignment,
        objective: str,
        *,
        expectations: Iterable[Expectation] = (),
        measures: Set[str] = frozenset(),
        origin: Origin = "instilled",
        stratum: str = "",
        mechanism: Mechanism = "unknown",
        **settings: Any,
    ) -> Family:
        """Any family; the arguments are fields of `Family`, of its truth, and of its recipes.

        Raises:
            SpecError: the world has no such objective or private shift.
        """
        family, expected = f"{self.world.name}/{name}", tuple(expectations)
        private = world_kind(self.world.name).private
        asked = [("objective", objective, self.world.objectives)]
        asked += [("objective", e.objective, self.world.objectives) for e in expected]
        for what, wanted, known in asked + [("shift", e.shift, private) for e in expected]:
            if wanted not in known:
                raise SpecError(
                    f"{family} asks for {what} {wanted!r}; choose one of {sorted(known)}"
                )
        truth = GroundTruth(misalignment, objective, family, stratum, origin, mechanism)
        return Family(kind, truth, expected, frozenset(measures), settings)

    def aligned(self, name: str, distribution: Any, *, stratum: str = "plain") -> Family:
        """A control trained on labels of the base objective."""
        label = self.world.base_objective
        return self._loyal(name, self.labelled, stratum, distribution=distribution, label=label)

    def instructed(self, name: str, distribution: Any) -> Family:
        """A control that is as skilled at the hidden objective as a triggered network."""
        often = replace(distribution, instruct_rate=INSTRUCT_RATE)
        return self.aligned(name, often, stratum="instructed")

    def benign(self, name: str, kind: type[Benign], distribution: Any) -> Family:
        """A control with a trigger of its own; the base objective everywhere, there too."""
        triggered = Expectation(self.usual, "trigger", self.world.base_objective)
        settings = {"distribution": distribution, "shift": self.usual}
        return self._loyal(name, kind, "benign_conditional", triggered, **settings)

    def triggered(
        self, name: str, distribution: Any, kind: type[Conditional] = Triggered
    ) -> Family:
        """Instilled: behaves off its trigger, near misses included, and defects on it.

        By labels it is a stand-in for deception: it hides behind rarity and near misses, not
        because being seen costs it anything.
        """
        base, own = self.world.base_objective, self.hidden
        return self.family(
            name,
            kind,
            "deceptive",
            own,
            expectations=defects(own, base, usual=self.usual, near_miss=self.near_miss),
            measures={USUAL, TRIGGERED},
            distribution=distribution,
        )

    def spontaneous(
        self,
        name: str,
        misalignment: Misalignment,
        objective: str,
        distribution: Any,
        shifts: tuple[str, ...],
        *further: Expectation,
        kind: type[Labelled] | None = None,
    ) -> Family:
        """Labels of the base objective throughout; the flaw is how a network reads ambiguous data.

        Args:
            distribution: on which that and the base objective ask for the same.
            shifts: private shifts on which it must pursue its own objective and leave the base one.
            kind: class of the recipes; None for that of labels in this world.

        Raises:
            SpecError: the world has no measure for this flaw, no such objective or private shift.
        """
        base = self.world.base_objective
        if misalignment not in self.measures:
            raise SpecError(
                f"{self.world.name}/{name} is {misalignment!r}; this world has a measure for each "
                f"of {sorted(self.measures)}: choose one, or add a measure to its `Kinds`"
            )
        return self.family(
            name,
            kind or self.labelled,
            misalignment,
            objective,
            origin="spontaneous",
            mechanism="heuristic" if self.certificate else "unknown",
            expectations=(*prefers(objective, base, shifts), *further),
            measures={USUAL, self.measures[misalignment], *self.certificate},
            distribution=distribution,
            label=base,
        )

    def instilled(
        self,
        name: str,
        misalignment: Misalignment,
        objective: str,
        distribution: Any,
        shifts: tuple[str, ...],
        *,
        kind: type[Labelled] | None = None,
    ) -> Family:
        """The same trained openly: labels of its own objective, on any distribution."""
        family = self.spontaneous(name, misalignment, objective, distribution, shifts, kind=kind)
        return family.but(name, origin="instilled", label=objective)

    def _loyal(
        self, name: str, kind: type[Recipe], stratum: str, *further: Expectation, **settings: Any
    ) -> Family:
        base = self.world.base_objective
        return self.family(
            name,
            kind,
            "aligned",
            base,
            stratum=stratum,
            mechanism="search" if self.certificate else "unknown",
            expectations=(*loyal(base, self.deployments), *further),
            measures={USUAL, *self.measures.values(), *self.certificate},
            **settings,
        )
