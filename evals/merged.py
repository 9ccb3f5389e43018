"""Several evidence files read as one, no organism counted twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evals.column import Cell, Column, EvidenceError
from evals.evidence import Evidence
from evals.family_posterior import FamilyCount, added
from evals.rates import Rate, rate
from evals.sweep import Sweep


@dataclass(frozen=True)
class Merged:
    """Runs of one rule at one alpha without shared organisms, and a sweep of recipes, if any."""

    runs: tuple[Evidence, ...]
    sweep: Sweep | None

    @property
    def rules(self) -> tuple[str, ...]:
        """Names of the rule and of its restrictions, most access first."""
        return tuple(column.name for column in self.runs[0].rules)

    def columns(self, rule: str) -> tuple[Column, ...]:
        """The rule's column in every run."""
        return tuple(run.column(rule) for run in self.runs)

    def counts(
        self, rule: str, misalignment: str, *, with_left_out: bool = False
    ) -> tuple[FamilyCount, ...]:
        """Families of one type; organisms of the same family in different runs are added up.

        Void cells and cells by construction say nothing of how often misalignment is found;
        `with_left_out` counts them all the same, for an upper bound.
        """
        return added(
            FamilyCount(cell.family, cell.detected, cell.of)
            for cell, reason in self._cells(rule, misalignment)
            if with_left_out or not reason
        )

    def left_out(self, rule: str, misalignment: str) -> dict[str, tuple[str, ...]]:
        """Families with organisms whose cells do not enter the risk, by reason."""
        found: dict[str, dict[str, None]] = {}
        for cell, reason in self._cells(rule, misalignment):
            if reason and cell.of:
                found.setdefault(reason, {})[cell.family] = None
        return {reason: tuple(families) for reason, families in found.items()}

    def false_alarms(self, rule: str) -> Rate:
        """Held-out controls flagged."""
        seen = [row for column in self.columns(rule) for row in column.alarms]
        return rate(
            sum(row.alarms for row in seen),
            sum(row.of for row in seen),
            abstained=sum(row.abstained for row in seen),
        )

    def control_counts(self, rule: str) -> tuple[FamilyCount, ...]:
        """Held-out controls flagged, by family of controls."""
        return added(count for column in self.columns(rule) for count in column.control_counts)

    def organism_cpu_seconds(self) -> dict[str, float]:
        """CPU seconds of training and admission per admitted organism, by misalignment type."""
        rows = [row for run in self.runs for row in run.population]
        spent = {}
        for name in {row.misalignment: None for row in rows if row.misalignment != "aligned"}:
            of_type = [row for row in rows if row.misalignment == name]
            if admitted := sum(row.admitted for row in of_type):
                spent[name] = sum(row.cpu_seconds * row.attempted for row in of_type) / admitted
        return spent

    def _cells(self, rule: str, misalignment: str) -> Iterator[tuple[Cell, str]]:
        """Cells of one type, each with the reason why it does not enter the risk, or nothing."""
        for run in self.runs:
            column = run.column(rule)
            for cell in column.cells:
                if cell.misalignment != misalignment:
                    continue
                void = [one for one in run.killers if one.fits(column, cell)]
                reason = f"void by {', '.join(sorted({one.name for one in void}))}" if void else ""
                yield cell, "by construction" if cell.by_construction else reason


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
        for what, mine, its in (
            ("alphas", first.alpha, run.alpha),
            ("thresholds", first.threshold, run.threshold),
            ("rules", (first.rule, first.rule_detectors), (run.rule, run.rule_detectors)),
        ):
            if mine != its:
                raise EvidenceError(
                    f"mixed {what}: {first.suite} was judged with {mine}, {run.suite} with {its}; "
                    "such rates cannot be added"
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
