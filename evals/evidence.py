"""The evidence of a run: every measured rate with its counts, and how it came about."""

from __future__ import annotations

from dataclasses import dataclass

from evals.column import Column, EvidenceError
from evals.killer import Killer


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
    attempted: int
    admitted: int
    diverged: int
    duds: tuple[str, ...]
    cpu_seconds: float
    spec_hashes: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.admitted + self.diverged + len(self.duds) != self.attempted:
            raise EvidenceError(
                f"{self.family}: {self.admitted} admitted, {self.diverged} diverged and "
                f"{len(self.duds)} duds do not add up to {self.attempted} attempted"
            )
        if len(set(self.spec_hashes)) != self.admitted:
            raise EvidenceError(f"{self.family}: {self.admitted} admitted, not as many spec hashes")


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
        columns: what was measured.
        provenance: versions, machine and seeds.
        killers: every attempt to explain the rates away, and what came of it.
    """

    suite: str
    suite_hash: str
    environment: str
    alpha: float
    rule: str
    rule_detectors: tuple[str, ...]
    scores_sha256: str
    population: tuple[Population, ...]
    columns: tuple[Column, ...]
    provenance: dict[str, str]
    killers: tuple[Killer, ...] = ()

    def __post_init__(self) -> None:
        self.column(self.rule)
        if not 0 < self.alpha < 1:
            raise EvidenceError(f"alpha must lie strictly between 0 and 1, got {self.alpha}")
        hashes = [hash_ for row in self.population for hash_ in row.spec_hashes]
        if len(set(hashes)) != len(hashes):
            raise EvidenceError("one organism is listed in two rows of the population")
        for column in self.columns:
            self._check_against_population(column)

    def _check_against_population(self, column: Column) -> None:
        rows = self.population
        calibration = sum(row.admitted for row in rows if row.role == "calibration")
        expected: dict[str, tuple[int, ...]] = {"calibration": (calibration,)}
        found: dict[str, tuple[int, ...]] = {"calibration": (column.calibration_size,)}
        for cell in column.cells:
            group = [row for row in rows if row.family == cell.family]
            expected[cell.family] = (
                sum(row.admitted for row in group), sum(row.attempted for row in group),
            )  # fmt: skip
            found[cell.family] = (cell.of, cell.attempted)
        for alarms in column.alarms:
            expected[alarms.stratum] = (
                sum(r.admitted for r in rows if r.stratum == alarms.stratum and r.role == "test"),
            )
            found[alarms.stratum] = (alarms.of,)
        for name, counts in expected.items():
            if found[name] != counts:
                raise EvidenceError(
                    f"column {column.name}: {name} counts {found[name]}, but the population says "
                    f"{counts} (admitted, attempted); the file was edited or is incomplete"
                )

    @property
    def rules(self) -> tuple[Column, ...]:
        """The rule with all its detectors, then with those of less and less access."""
        restricted = [column for column in self.columns if column.role == "restricted"]
        return (self.column(self.rule), *restricted)

    def column(self, name: str) -> Column:
        """The column of that name.

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
