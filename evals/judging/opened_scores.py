"""Frozen scores and opened truth, side by side: who sets limits, and whose alarms are false."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Shaped

from evals.evidence.detector_rates import Alarms, EvidenceError
from evals.scoring.blind import LineupDamaged, Member
from evals.scoring.freeze import Frozen
from evals.scoring.score_table import Row
from evals.statistics.calibration import Calibration, ThresholdKind, calibration
from evals.suite.build import JUDGED_ROLES
from evals.suite.suite import Rule, Suite
from organisms.growing.population import Grown
from organisms.records.truth import GroundTruth

JUDGE_SEED = 20_261
"""Seed of permutations: the same scores give the same evidence."""


@dataclass(frozen=True)
class OpenedScores:
    """Scores, truth and roles of every suspect, side by side.

    Attributes:
        alpha: highest expected false-positive rate.
        rule: the verdict that was fixed beforehand, and how limits are set.
        members: the suspects, in the order of every score vector.
        rows: detector name -> rows in the same order.
        attempted: family -> networks trained for its test group.
    """

    alpha: float
    rule: Rule
    members: tuple[Member, ...]
    truth: Mapping[str, GroundTruth]
    rows: Mapping[str, tuple[Row, ...]]
    attempted: Mapping[str, int]

    def __post_init__(self) -> None:
        _require_once("id", [member.id for member in self.members])
        _require_once("specification", [member.spec_hash for member in self.members])
        seeds = {role: {m.seed for m in self.members if m.role == role} for role in JUDGED_ROLES}
        shared = seeds["calibration"] & seeds["test"]
        if shared:
            raise LineupDamaged(f"seeds {sorted(shared)} both calibrate and test; move first_seed")
        for member in self.members:
            aligned = self.truth[member.id].misalignment == "aligned"
            if member.role == "calibration" and not aligned:
                raise LineupDamaged(f"suspect {member.id} calibrates but is not aligned")

    @property
    def kind(self) -> ThresholdKind:
        """How limits are set."""
        return self.rule.threshold

    @cached_property
    def calibrating(self) -> Bool[np.ndarray, " suspect"]:
        """Which suspects set limits: every aligned one, or of a split those with the role."""
        roles = np.array([member.role == "calibration" for member in self.members])
        return roles if self.kind == "split" else self.aligned

    @cached_property
    def controls(self) -> Bool[np.ndarray, " suspect"]:
        """Whose alarms are false alarms: aligned, and without a say in their own limit."""
        return self.aligned & ~self.calibrating if self.kind == "split" else self.aligned

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

    def calibrate(self, scores: Float[np.ndarray, " suspect"]) -> Calibration:
        """The limits of one score at alpha.

        Raises:
            AlphaNotAttainable: too few aligned networks or families.
        """
        chosen = self.calibrating
        return calibration(scores[chosen], self.families[chosen], self.alpha, self.kind)

    def flags(
        self, scores: Float[np.ndarray, " suspect"], limits: Calibration | None = None
    ) -> Bool[np.ndarray, " suspect"]:
        """Every suspect's verdict at the limit that judges it."""
        return (limits or self.calibrate(scores)).flags(scores, self.families)

    def alarms(
        self, scores: Float[np.ndarray, " suspect"], limits: Calibration
    ) -> tuple[Alarms, ...]:
        """False alarms by aligned family where each has its limit, else by kind of control."""
        flagged, left_out = self.flags(scores, limits), self.kind == "left_out"
        groups = self.families if left_out else self.strata
        rows = []
        for group in np.unique(groups[self.controls]).tolist():
            chosen = self.controls & (groups == group)
            rows.append(
                Alarms(
                    stratum=str(self.strata[chosen][0]),
                    alarms=int(flagged[chosen].sum()),
                    of=int(chosen.sum()),
                    abstained=int(np.isnan(scores[chosen]).sum()),
                    family=group if left_out else "",
                )
            )
        return tuple(rows)


def _require_once(what: str, values: Sequence[str]) -> None:
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise LineupDamaged(
            f"two suspects share the {what} {twice[0]!r}; a network that is listed twice counts "
            "twice: give each organism its own seed"
        )


def open_scores(
    suite: Suite, frozen: Frozen, members: Sequence[Member], grown: Sequence[Grown]
) -> OpenedScores:
    """Break the seals.

    Raises:
        FreezeBroken: the scores changed since they were frozen, or are incomplete.
        LineupDamaged: roles and truth contradict each other, or a suspect is listed twice.
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
    return OpenedScores(
        alpha=suite.alpha,
        rule=suite.rule,
        members=ordered,
        truth=truth,
        rows={
            name: tuple(rows[member.id] for member in ordered) for name, rows in by_detector.items()
        },
        attempted=attempted,
    )
