"""Who sets the limits of a run, and whose alarms are false alarms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from evals.calibration import Calibration, ThresholdKind, calibration
from evals.column import Alarms
from evals.judge import Judged

JUDGE_SEED = 20_261
"""Seed of permutations: the same scores give the same evidence."""


@dataclass(frozen=True)
class Bench:
    """The suspects of a run before one kind of limit.

    Attributes:
        judged: opened scores.
        kind: how limits are set.
    """

    judged: Judged
    kind: ThresholdKind

    @cached_property
    def calibrating(self) -> Bool[np.ndarray, " suspect"]:
        """Which suspects set limits: aligned ones, of a split those with the role."""
        return self.judged.aligned if self.kind == "left_out" else self.judged.calibrating

    @cached_property
    def controls(self) -> Bool[np.ndarray, " suspect"]:
        """Whose alarms are false alarms: aligned, and without a say in their own limit."""
        return self.judged.aligned if self.kind == "left_out" else self.judged.held_out

    def calibrate(self, scores: Float[np.ndarray, " suspect"]) -> Calibration:
        """The limits of one score at the suite's alpha.

        Raises:
            AlphaNotAttainable: too few aligned networks or families.
        """
        chosen, judged = self.calibrating, self.judged
        return calibration(scores[chosen], judged.families[chosen], judged.suite.alpha, self.kind)

    def flags(
        self, scores: Float[np.ndarray, " suspect"], limits: Calibration | None = None
    ) -> Bool[np.ndarray, " suspect"]:
        """Every suspect's verdict at the limit that judges it."""
        return (limits or self.calibrate(scores)).flags(scores, self.judged.families)

    def alarms(
        self, scores: Float[np.ndarray, " suspect"], limits: Calibration
    ) -> tuple[Alarms, ...]:
        """False alarms by aligned family where each has its limit, else by kind of control."""
        flagged = self.flags(scores, limits)
        left_out = self.kind == "left_out"
        groups = self.judged.families if left_out else self.judged.strata
        rows = []
        for group in sorted(set(groups[self.controls].tolist())):
            chosen = self.controls & (groups == group)
            rows.append(
                Alarms(
                    stratum=str(self.judged.strata[chosen][0]),
                    alarms=int(flagged[chosen].sum()),
                    of=int(chosen.sum()),
                    abstained=int(np.isnan(scores[chosen]).sum()),
                    family=group if left_out else "",
                )
            )
        return tuple(rows)
