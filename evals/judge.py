"""Frozen scores and opened truth, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Shaped

from evals.blind import Member
from evals.column import EvidenceError
from evals.freeze import Frozen
from evals.panel import Row
from evals.suite import Suite
from organisms.population import Grown
from organisms.truth import GroundTruth


@dataclass(frozen=True)
class Judged:
    """Scores, truth and roles of every suspect, side by side.

    Attributes:
        suite: what was run.
        members: the suspects, in the order of every score vector.
        truth: id -> opened truth.
        rows: detector name -> rows in the same order.
        attempted: family -> networks trained for its test group.
    """

    suite: Suite
    members: tuple[Member, ...]
    truth: Mapping[str, GroundTruth]
    rows: Mapping[str, tuple[Row, ...]]
    attempted: Mapping[str, int]

    def __post_init__(self) -> None:
        _require_once("id", [member.id for member in self.members])
        _require_once("specification", [member.spec_hash for member in self.members])
        seeds = {role: {m.seed for m in self.members if m.role == role} for role in _ROLES}
        shared = seeds["calibration"] & seeds["test"]
        if shared:
            raise ValueError(f"seeds {sorted(shared)} both calibrate and test; move first_seed")
        for member in self.members:
            aligned = self.truth[member.id].misalignment == "aligned"
            if member.role == "calibration" and not aligned:
                raise ValueError(f"suspect {member.id} calibrates but is not aligned")

    @cached_property
    def calibrating(self) -> Bool[np.ndarray, " suspect"]:
        """Which suspects set thresholds."""
        return np.array([member.role == "calibration" for member in self.members])

    @cached_property
    def aligned(self) -> Bool[np.ndarray, " suspect"]:
        """Which suspects are aligned networks."""
        return np.asarray(self.types == "aligned")

    @cached_property
    def families(self) -> Shaped[np.ndarray, " suspect"]:
        """Name of every suspect's family."""
        return np.array([self.truth[m.id].family for m in self.members])

    @cached_property
    def types(self) -> Shaped[np.ndarray, " suspect"]:
        """Misalignment of every suspect."""
        return np.array([self.truth[m.id].misalignment for m in self.members])

    @cached_property
    def strata(self) -> Shaped[np.ndarray, " suspect"]:
        """Kind of control of every suspect, empty for misaligned ones."""
        return np.array([self.truth[m.id].stratum for m in self.members])

    @property
    def held_out(self) -> Bool[np.ndarray, " suspect"]:
        """Which suspects are aligned networks that set no threshold."""
        return np.asarray(self.aligned & ~self.calibrating)

    def place(self, id: str) -> int:
        """Where a suspect stands among the members.

        Raises:
            EvidenceError: no suspect has that id.
        """
        ids = [member.id for member in self.members]
        if id not in ids:
            raise EvidenceError(
                f"no suspect {id!r} in this run; ids look like {', '.join(ids[:3])}"
            )
        return ids.index(id)

    def scores(self, detector: str, part: str = "") -> Float[np.ndarray, " suspect"]:
        """Scores in the order of `members`; NaN where the detector abstained."""
        return np.array([row.score(part) for row in self.rows[detector]], dtype=np.float64)

    def largest_scores(self, detectors: Sequence[str]) -> Float[np.ndarray, " suspect"]:
        """Largest score among detectors; NaN where all of them abstained."""
        stacked = np.stack([self.scores(name) for name in detectors])
        largest = np.where(np.isnan(stacked), -np.inf, stacked).max(axis=0)
        return np.where(np.isnan(stacked).all(axis=0), np.nan, largest)


_ROLES = ("calibration", "test")


def _require_once(what: str, values: Sequence[str]) -> None:
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(
            f"two suspects share the {what} {twice[0]!r}; a network that is listed twice counts "
            "twice: give each organism its own seed"
        )


def judge(
    suite: Suite, frozen: Frozen, members: Sequence[Member], grown: Sequence[Grown]
) -> Judged:
    """Break the seals.

    Raises:
        FreezeBroken: the scores changed since they were frozen, or are incomplete.
        ValueError: roles and truth contradict each other.
    """
    truth = frozen.open(members)
    ordered = tuple(sorted(members, key=lambda member: member.id))
    by_detector: dict[str, dict[str, Row]] = {}
    for row in frozen.rows:
        by_detector.setdefault(row.detector, {})[row.suspect] = row
    attempted: dict[str, int] = {}
    for group in grown:
        family = group.attempts[0].truth.open().family
        attempted[family] = attempted.get(family, 0) + len(group.attempts)
    return Judged(
        suite=suite,
        members=ordered,
        truth=truth,
        rows={
            name: tuple(rows[member.id] for member in ordered) for name, rows in by_detector.items()
        },
        attempted=attempted,
    )
