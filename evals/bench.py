"""Who calibrates and whose alarms count, under one kind of threshold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Shaped

from evals.calibration import (
    Calibration,
    ThresholdKind,
    family_sizes,
    leave_out,
    normal_left_out_alarms,
)
from evals.column import Alarms
from evals.judge import Judged
from evals.threshold import calibrate, normal_false_alarms, require_attainable

JUDGE_SEED = 20_261
"""Seed of resampling and permutations: the same scores give the same evidence."""


@dataclass(frozen=True)
class Bench:
    """The suspects of a run before one kind of threshold.

    Attributes:
        judged: opened scores.
        kind: how thresholds are set.
    """

    judged: Judged
    kind: ThresholdKind

    @cached_property
    def calibrating(self) -> Bool[np.ndarray, " suspect"]:
        """Which suspects set thresholds."""
        return self.judged.aligned if self.kind == "left_out" else self.judged.calibrating

    @cached_property
    def controls(self) -> Bool[np.ndarray, " suspect"]:
        """Whose alarms are false alarms: aligned, and without a say in their own threshold."""
        return self.judged.aligned if self.kind == "left_out" else self.judged.held_out

    @cached_property
    def _sizes(self) -> dict[str, int]:
        return family_sizes(self.judged.families[self.calibrating])

    @cached_property
    def _normal(self) -> dict[float, tuple[int, int]]:
        return {}

    def calibrate(
        self,
        scores: Float[np.ndarray, " suspect"],
        alpha: float,
        *,
        confidence: float | None = None,
    ) -> Calibration:
        """Thresholds of one score.

        Raises:
            AlphaNotAttainable: too few aligned networks or families for alpha.
        """
        chosen = scores[self.calibrating]
        if self.kind == "left_out":
            families = self.judged.families[self.calibrating]
            return leave_out(chosen, families, alpha, confidence=confidence)
        require_attainable(alpha, chosen.size)
        return Calibration(calibrate(chosen, alpha, confidence=confidence), {})

    def flags(
        self, scores: Float[np.ndarray, " suspect"], calibration: Calibration
    ) -> Bool[np.ndarray, " suspect"]:
        """Every suspect's verdict at the threshold that judges it."""
        return calibration.flags(scores, self.judged.families)

    def alarms(
        self, scores: Float[np.ndarray, " suspect"], calibration: Calibration
    ) -> tuple[Alarms, ...]:
        """False alarms by aligned family where each has its threshold, else by stratum."""
        flagged = self.flags(scores, calibration)
        left_out = self.kind == "left_out"
        groups = self.judged.families if left_out else self.judged.strata
        rows = []
        for group in sorted(set(groups[self.controls].tolist())):
            chosen = self.controls & (groups == group)
            threshold = calibration.judging(group)
            rows.append(
                Alarms(
                    stratum=str(self.judged.strata[chosen][0]),
                    alarms=int(flagged[chosen].sum()),
                    of=int(chosen.sum()),
                    abstained=int(np.isnan(scores[chosen]).sum()),
                    family=group if left_out else "",
                    rank=threshold.rank,
                    calibration_size=threshold.calibration_size,
                )
            )
        return tuple(rows)

    def normal_alarms(self, calibration: Calibration) -> tuple[int, int]:
        """95% range of the number of false alarms if all is well."""
        if self.kind == "split":
            return normal_false_alarms(calibration.whole, int(self.controls.sum()))
        alpha = calibration.whole.alpha
        if alpha not in self._normal:
            generator = np.random.default_rng([JUDGE_SEED, 0])
            self._normal[alpha] = normal_left_out_alarms(self._sizes, alpha, generator)
        return self._normal[alpha]

    def groups(
        self, key: Shaped[np.ndarray, " suspect"]
    ) -> dict[str, Bool[np.ndarray, " suspect"]]:
        """Misaligned suspects by family or type, names in order."""
        names = sorted(set(key[~self.judged.aligned].tolist()))
        return {name: np.asarray(~self.judged.aligned & (key == name)) for name in names}
