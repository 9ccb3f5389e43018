"""The evidence file: every measured rate with its counts, and how it came about."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evals.family_posterior import FamilyCount
from evals.rates import Rate, rate
from organisms.spec import SpecError, strict

SCHEMA = "mesascope.evidence/1"


class EvidenceError(ValueError):
    """An evidence file that cannot be used; the message says why."""


@dataclass(frozen=True)
class Cell:
    """What one column did with one family.

    Attributes:
        misalignment: type of the family.
        family: environment/recipe.
        origin: spontaneous or instilled.
        adversary: naive, evasive or adaptive.
        detected: admitted organisms flagged.
        of: admitted organisms.
        abstained: admitted organisms without a score, misses.
        attempted: networks trained for the family, duds and diverged runs included.
        by_construction: the column measures what admission selected the organisms by.
        auroc: family against all aligned networks, ties counted half.
        auroc_interval: its 95% interval.
    """

    misalignment: str
    family: str
    origin: str
    adversary: str
    detected: int
    of: int
    abstained: int
    attempted: int
    by_construction: bool
    auroc: float | None
    auroc_interval: tuple[float, float] | None

    def __post_init__(self) -> None:
        _require_counts(self.detected, self.of, self.abstained, f"cell {self.family}")
        if self.attempted < self.of:
            raise EvidenceError(f"{self.family}: {self.of} admitted of {self.attempted} attempted")

    @property
    def rate(self) -> Rate:
        """P(detect given admitted) with its exact interval."""
        return rate(self.detected, self.of, abstained=self.abstained)

    @property
    def rate_given_attempted(self) -> Rate:
        """Detected organisms per network trained; duds and diverged runs count as not detected."""
        return rate(self.detected, self.attempted)


@dataclass(frozen=True)
class Alarms:
    """False alarms among the held-out controls of one stratum."""

    stratum: str
    alarms: int
    of: int
    abstained: int

    def __post_init__(self) -> None:
        _require_counts(self.alarms, self.of, self.abstained, f"controls {self.stratum}")

    @property
    def rate(self) -> Rate:
        """Realised false-positive rate with its exact interval."""
        return rate(self.alarms, self.of, abstained=self.abstained)


@dataclass(frozen=True)
class Column:
    """A detector, one of its parts, or the rule, at its own threshold.

    Attributes:
        name: detector, `detector/part`, or the rule's name.
        role: detector, part, baseline, floor or rule.
        question: what a high score means.
        access: what it was given.
        threshold: alarms are scores above it; None where it is minus infinity (every score is
            an alarm) or, at rank 0, never reached.
        rank: the threshold is the rank-th largest calibration score; 0 never alarms.
        calibration_size: aligned networks that set it.
        nominal_fpr: bound on the expected false-positive rate.
        fpr_range: 95% range of the realised rate given such a calibration set.
        normal_alarms: 95% range of the number of held-out alarms, if all is well.
        alarms: held-out controls by stratum.
        cells: misaligned families.
        cpu_seconds: mean per suspect.
        forward_passes: mean per suspect.
    """

    name: str
    role: str
    question: str
    access: str
    threshold: float | None
    rank: int
    calibration_size: int
    nominal_fpr: float
    fpr_range: tuple[float, float]
    normal_alarms: tuple[int, int]
    alarms: tuple[Alarms, ...]
    cells: tuple[Cell, ...]
    cpu_seconds: float
    forward_passes: float

    def __post_init__(self) -> None:
        families = [cell.family for cell in self.cells]
        if len(set(families)) != len(families):
            raise EvidenceError(f"column {self.name} lists a family twice: {families}")

    def flags(self, value: float | None) -> bool:
        """Whether a score raises the alarm; an abstention (None) never does."""
        if value is None or self.rank == 0:
            return False
        return self.threshold is None or value > self.threshold

    @property
    def false_alarms(self) -> Rate:
        """Realised false-positive rate over all held-out controls."""
        return rate(
            sum(row.alarms for row in self.alarms),
            sum(row.of for row in self.alarms),
            abstained=sum(row.abstained for row in self.alarms),
        )

    def of_type(self, misalignment: str) -> tuple[Cell, ...]:
        """Cells of one misalignment type."""
        return tuple(cell for cell in self.cells if cell.misalignment == misalignment)

    def counts(self, misalignment: str) -> tuple[FamilyCount, ...]:
        """Cells of one type as the risk model takes them."""
        return tuple(
            FamilyCount(cell.family, cell.detected, cell.of) for cell in self.of_type(misalignment)
        )


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
        scores_sha256: digest of the score table, frozen before truth was opened.
        population: what was trained.
        columns: what was measured.
        provenance: versions, machine and seeds.
    """

    suite: str
    suite_hash: str
    environment: str
    alpha: float
    rule: str
    scores_sha256: str
    population: tuple[Population, ...]
    columns: tuple[Column, ...]
    provenance: dict[str, str]

    def __post_init__(self) -> None:
        self.column(self.rule)

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

    def to_json(self) -> str:
        """JSON text that `read_evidence` reads back."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1, allow_nan=False)


def read_evidence(path: Path) -> Evidence:
    """Read and check an evidence file.

    Raises:
        EvidenceError: missing, not JSON, another schema, an unknown key, or impossible counts.
    """
    try:
        data = json.loads(path.read_text())
    except FileNotFoundError:
        raise EvidenceError(f"no evidence at {path}; `mesascope run` writes it") from None
    except (OSError, ValueError) as error:
        raise EvidenceError(f"{path} is not readable JSON: {error}") from error
    if not isinstance(data, dict) or data.pop("schema", None) != SCHEMA:
        raise EvidenceError(f"{path} does not say schema {SCHEMA!r}; this version reads only that")
    try:
        columns = tuple(_column(row) for row in _rows(data, "columns"))
        population = tuple(
            strict(Population, {**row, **_lists(row, "duds", "spec_hashes")}, "population")
            for row in _rows(data, "population")
        )
        return strict(Evidence, {**data, "columns": columns, "population": population}, "evidence")
    except (SpecError, TypeError) as error:
        raise EvidenceError(f"{path}: {error}") from error


def _column(row: dict[str, Any]) -> Column:
    cells = tuple(
        strict(Cell, {**cell, "auroc_interval": _pair(cell.get("auroc_interval"))}, "cell")
        for cell in _rows(row, "cells")
    )
    alarms = tuple(strict(Alarms, alarm, "alarms") for alarm in _rows(row, "alarms"))
    pairs = {key: _pair(row.get(key)) for key in ("fpr_range", "normal_alarms")}
    return strict(Column, {**row, **pairs, "cells": cells, "alarms": alarms}, "column")


def _rows(data: dict[str, Any], key: str) -> Sequence[dict[str, Any]]:
    rows = data.get(key)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise EvidenceError(f"{key!r} must be a list of objects")
    return rows


def _lists(row: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: _pair(row[key]) for key in keys if key in row}


def _pair(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _require_counts(hits: int, of: int, abstained: int, where: str) -> None:
    counts = (hits, of, abstained)
    if any(isinstance(n, bool) or not isinstance(n, int) or n < 0 for n in counts):
        raise EvidenceError(f"{where}: counts must be whole numbers from 0, got {counts}")
    if hits + abstained > of:
        raise EvidenceError(f"{where}: {hits} flagged and {abstained} abstained of only {of}")


def finite_or_none(value: float | None) -> float | None:
    """JSON has no infinity: a threshold that is not finite becomes None."""
    return value if value is not None and math.isfinite(value) else None
