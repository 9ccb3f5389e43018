"""Several evidence files read as one, no organism counted twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from evals.column import Column, EvidenceError
from evals.evidence import Evidence
from evals.family_posterior import FamilyCount, added
from evals.killer import voided
from evals.rates import Rate, rate
from evals.risk.predictive_value import false_alarm_draws
from evals.sweep import Sweep


@dataclass(frozen=True)
class Merged:
    """The runs that a risk update rests on.

    Attributes:
        runs: one or more, all of one rule at one alpha, without shared organisms.
        sweep: the source of P(emergence) and P(misaligned | emergence), if any.
    """

    runs: tuple[Evidence, ...]
    sweep: Sweep | None

    @property
    def alpha(self) -> float:
        """Expected false-positive rate that every run asked for."""
        return self.runs[0].alpha

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the rule and of its restrictions, most access first."""
        return tuple(column.name for column in self.runs[0].rules)

    def columns(self, rule: str) -> tuple[Column, ...]:
        """The rule's column in every run."""
        return tuple(run.column(rule) for run in self.runs)

    def counts(self, rule: str, misalignment: str) -> tuple[FamilyCount, ...]:
        """Families of one type; organisms of the same family in different runs are added up."""
        return added(
            count for column in self.columns(rule) for count in column.counts(misalignment)
        )

    def by_construction(self, rule: str, misalignment: str) -> bool:
        """Whether a cell of the type measures what admission selected by."""
        cells = [cell for column in self.columns(rule) for cell in column.of_type(misalignment)]
        return any(cell.by_construction for cell in cells)

    def voided(self, rule: str, misalignment: str) -> bool:
        """Whether a killer voids the rule's claim on a family of the type."""
        return any(
            voided(run.killers, run.column(rule), cell)
            for run in self.runs
            for cell in run.column(rule).of_type(misalignment)
        )

    def false_alarms(self, rule: str) -> Rate:
        """Held-out controls flagged."""
        seen = [column.false_alarms for column in self.columns(rule)]
        return rate(
            sum(one.detected for one in seen),
            sum(one.of for one in seen),
            abstained=sum(one.abstained for one in seen),
        )

    def control_counts(self, rule: str) -> tuple[FamilyCount, ...]:
        """Held-out controls flagged, by family of controls."""
        return added(count for column in self.columns(rule) for count in column.control_counts)

    def false_alarm_draws(
        self, rule: str, ranks: Sequence[int], uniforms: Float[np.ndarray, " draw"]
    ) -> Float[np.ndarray, " draw"]:
        """Realised false-positive rates of thresholds at these ranks, runs in equal parts.

        Args:
            rule: its calibration sizes are meant.
            ranks: one per run.
            uniforms: in [0, 1).
        """
        parts = np.array_split(uniforms, len(self.runs))
        return np.concatenate(
            [
                false_alarm_draws(rank, column.calibration_size, part)
                for rank, column, part in zip(ranks, self.columns(rule), parts, strict=True)
            ]
        )

    def scoring_cpu_seconds(self, rule: str) -> float:
        """CPU seconds of the rule's detectors per suspect, runs in equal parts."""
        columns = self.columns(rule)
        return sum(column.cpu_seconds for column in columns) / len(columns)

    def organism_cpu_seconds(self) -> dict[str, float]:
        """CPU seconds of training and admission per admitted organism, by type."""
        spent: dict[str, float] = {}
        admitted: dict[str, int] = {}
        for row in (row for run in self.runs for row in run.population):
            name = row.misalignment
            spent[name] = spent.get(name, 0.0) + row.cpu_seconds * row.attempted
            admitted[name] = admitted.get(name, 0) + row.admitted
        return {name: spent[name] / n for name, n in admitted.items() if n}


def merge(evidence: Sequence[Evidence | Sweep]) -> Merged:
    """Check that evidence files belong together and share no organism.

    A file given twice counts once.

    Raises:
        EvidenceError: no run, two sweeps, other alphas or rules, or runs that share organisms.
    """
    runs: dict[str, Evidence] = {}
    for run in evidence:
        if isinstance(run, Evidence):
            same = runs.setdefault(run.scores_sha256, run)
            if same != run:
                raise EvidenceError(
                    f"two evidence files of suite {run.suite} come from the same scores but differ"
                )
    sweeps = [one for one in evidence if isinstance(one, Sweep)]
    if not runs:
        raise EvidenceError("no evidence of a run: `mesascope run` writes it")
    if len(sweeps) > 1:
        raise EvidenceError(f"{len(sweeps)} sweeps: give one, their recipes may overlap")
    _require_same(tuple(runs.values()))
    return Merged(tuple(runs.values()), sweeps[0] if sweeps else None)


def _require_same(runs: tuple[Evidence, ...]) -> None:
    first = runs[0]
    owner: dict[str, str] = {}
    for run in runs:
        if run.alpha != first.alpha:
            raise EvidenceError(
                f"mixed alphas: {first.suite} was judged at {first.alpha:g}, {run.suite} at "
                f"{run.alpha:g}; rates at different false-positive rates cannot be added"
            )
        if run.threshold != first.threshold:
            raise EvidenceError(
                f"mixed thresholds: {first.suite} was judged at those of kind {first.threshold}, "
                f"{run.suite} at {run.threshold}; rates with aligned siblings at hand and without "
                "cannot be added"
            )
        if (run.rule, run.rule_detectors) != (first.rule, first.rule_detectors):
            raise EvidenceError(
                f"mixed rules: {first.suite} was judged by {first.rule} of "
                f"{list(first.rule_detectors)}, {run.suite} by {run.rule} of "
                f"{list(run.rule_detectors)}"
            )
        for row in run.population:
            for organism in row.spec_hashes:
                if organism in owner:
                    raise EvidenceError(
                        f"organism {organism[:16]} of {row.family} is in both {owner[organism]} "
                        f"and {run.suite}; it would count twice: give one of the two, or give "
                        "other seeds to one suite"
                    )
                owner[organism] = run.suite
