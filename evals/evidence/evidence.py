"""The evidence of a run: every measured rate with its counts, and how it came about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, with_config

from evals.evidence.choices import Selection
from evals.evidence.detector_rates import Alarms, DetectorRates, EvidenceError
from evals.evidence.rival_explanation import Rival
from evals.evidence.validation import STRICT, Cost, Count
from evals.statistics.calibration import ThresholdKind
from evals.statistics.exact_tests import Pair
from probes.arguments import require_word


@dataclass(frozen=True)
class Population:
    """What became of the training runs of one family in one role.

    Attributes:
        family: environment/recipe.
        misalignment: type or aligned.
        stratum: kind of control, empty for misaligned families.
        role: calibration or test.
        attempted: networks trained.
        admitted: organisms.
        diverged: trainings that did not finish.
        duds: failed checks, one line per rejected network.
        cpu_seconds: mean CPU seconds of training and admission per attempt.
        spec_hashes: content hashes of the admitted specifications.
    """

    family: str
    misalignment: str
    stratum: str
    role: str
    attempted: Count
    admitted: Count
    diverged: Count
    duds: tuple[str, ...]
    cpu_seconds: Cost
    spec_hashes: tuple[str, ...]

    def __post_init__(self) -> None:
        require_word("role", self.role, ("calibration", "test"), error=EvidenceError)
        if self.admitted + self.diverged + len(self.duds) != self.attempted:
            raise EvidenceError(
                f"{self.family}: {self.admitted} admitted, {self.diverged} diverged and "
                f"{len(self.duds)} duds do not add up to {self.attempted} attempted"
            )
        if len(set(self.spec_hashes)) != self.admitted:
            raise EvidenceError(f"{self.family}: {self.admitted} admitted, not as many spec hashes")


@with_config(STRICT)
@dataclass(frozen=True)
class Evidence:
    """The measured rates of a run.

    Attributes:
        suite: name of the suite.
        suite_hash: content hash of the suite.
        environment: name of the environment.
        alpha: expected false-positive rate asked for.
        rule: name of the column whose rates enter the risk, fixed beforehand.
        rule_detectors: what the rule combines.
        scores_sha256: digest of the score table, frozen before truth was opened.
        population: what was trained.
        columns: what was measured, at limits of the kind that the suite declares.
        provenance: versions, machine and seeds.
        selections: detectors chosen without the family that they are reported on.
        pairs: every detector beside the rule on the same organisms.
        killers: every rival explanation of the rates, and what came of it.
        public: how many of its organisms are of the public reference set: whoever wrote a detector
            may have looked at them, so their rates are for development and comparison.
    """

    suite: str
    suite_hash: str
    environment: str
    alpha: Annotated[float, Field(gt=0, lt=1)]
    rule: str
    rule_detectors: tuple[str, ...]
    scores_sha256: str
    population: tuple[Population, ...]
    columns: tuple[DetectorRates, ...]
    provenance: dict[str, str]
    selections: tuple[Selection, ...] = ()
    pairs: tuple[Pair, ...] = ()
    killers: tuple[Rival, ...] = ()
    public: Count = 0

    def __post_init__(self) -> None:
        self.column(self.rule)
        hashes = [hash_ for row in self.population for hash_ in row.spec_hashes]
        if len(set(hashes)) != len(hashes):
            raise EvidenceError("one organism is listed in two rows of the population")
        if self.public > len(hashes):
            raise EvidenceError(f"{self.public} of {len(hashes)} organisms cannot be public")
        for column in self.columns:
            if column.kind != self.threshold:
                raise EvidenceError(
                    f"column {column.name} is of kind {column.kind}, the rule of kind "
                    f"{self.threshold}; limits of two kinds do not compare"
                )
            self._check_against_population(column)

    def _check_against_population(self, column: DetectorRates) -> None:
        """The networks that a column counts are those that the population lists, no other."""
        everybody = column.kind == "left_out"
        checks = [
            ("its limit", column.limit.networks, sum(
                row.admitted for row in self.population
                if row.role == "calibration" or (everybody and row.misalignment == "aligned")
            ))
        ]  # fmt: skip
        for alarms in column.alarms:
            controls = sum(row.admitted for row in self.population if _alarmed(row, alarms))
            checks.append((alarms.group, alarms.of, controls))
        for cell in column.cells:
            own = [row for row in self.population if row.family == cell.family]
            checks.append((cell.family, cell.of, sum(row.admitted for row in own)))
            attempted = sum(row.attempted for row in own)
            checks.append((f"{cell.family}, attempted", cell.attempted, attempted))
        for name, counted, listed in checks:
            if counted != listed:
                raise EvidenceError(
                    f"column {column.name}: {name} counts {counted} networks, but the population "
                    f"says {listed}; the file was edited or is incomplete"
                )

    @property
    def rules(self) -> tuple[DetectorRates, ...]:
        """The rule with all its detectors, then with those of less and less access."""
        restricted = [column for column in self.columns if column.role == "restricted"]
        return (self.column(self.rule), *restricted)

    @property
    def threshold(self) -> ThresholdKind:
        """How the limits of the columns were set."""
        return self.column(self.rule).kind

    def column(self, name: str) -> DetectorRates:
        """The column of that name: a detector, `detector/part`, a combination, or the rule.

        Raises:
            EvidenceError: there is none.
        """
        for column in self.columns:
            if column.name == name:
                return column
        raise EvidenceError(f"no column {name!r}; have {[column.name for column in self.columns]}")

    @property
    def types(self) -> tuple[str, ...]:
        """Misalignment types in the population, in order of appearance."""
        seen = dict.fromkeys(row.misalignment for row in self.population)
        return tuple(name for name in seen if name != "aligned")


def _alarmed(row: Population, alarms: Alarms) -> bool:
    """Whether the admitted networks of a row are among the controls counted."""
    if alarms.family:
        return row.family == alarms.family
    return row.stratum == alarms.stratum and row.role == "test"
