"""Thresholds for networks in training, step by step, and who may set them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from evals.evidence.detector_rates import Column
from evals.statistics.limit import Limit, rank_limit
from evals.studies.lead_time.traced import Trace

BarKind = Literal["same step", "finished", "run"]
"""`same step`: aligned networks of the same step and budget set every step's threshold.
`finished`: the same networks' last checkpoints set one for all steps; what is half-trained may
alarm as such. `run`: so do the finished aligned networks of a run.
"""


@dataclass(frozen=True)
class StepBars:
    """Thresholds of one detector, step by step.

    Attributes:
        kind: who set them.
        values: alarms are scores above; infinite where none or every score is an alarm.
        size: aligned networks that set each.
        nominal_fpr: bound on the expected false-positive rate at one step, r / (n + 1); but for
            `same step` it holds at the last one alone.
    """

    kind: BarKind
    values: tuple[float, ...]
    size: int
    nominal_fpr: float

    def flags(self, scores: Float[np.ndarray, " step"]) -> Bool[np.ndarray, " step"]:
        """Alarms at every step; an abstention (NaN) is none."""
        return np.asarray(scores > np.array(self.values))


def same_step_bars(controls: Sequence[Trace], detector: str, alpha: float) -> StepBars:
    """Thresholds of aligned networks as far trained as the suspect.

    With too few networks for alpha the threshold is their largest score, which holds 1 / (n + 1).

    Args:
        controls: aligned, of the organism's build.
        detector: name.
        alpha: expected false-positive rate at each step.
    """
    table = _table(controls, detector)
    held = [rank_limit(column, _attainable(alpha, len(controls))) for column in table.T]
    return StepBars("same step", tuple(map(_bar, held)), len(controls), held[0].level)


def finished_bars(controls: Sequence[Trace], detector: str, alpha: float) -> StepBars:
    """One threshold, of the controls' last checkpoints, for every step."""
    table = _table(controls, detector)
    one = rank_limit(table[:, -1], _attainable(alpha, len(controls)))
    return StepBars("finished", (_bar(one),) * table.shape[1], len(controls), one.level)


def run_bars(column: Column, steps: int) -> StepBars:
    """The threshold that a finished run's aligned networks set, for every step."""
    limit = column.limit
    return StepBars("run", (_bar(limit),) * steps, limit.networks, limit.level)


def _bar(limit: Limit) -> float:
    """The value of a limit: infinity flags nothing, minus infinity every score."""
    if not limit.attainable:
        return math.inf
    return -math.inf if limit.value is None else limit.value


def _table(controls: Sequence[Trace], detector: str) -> Float[np.ndarray, "network step"]:
    if not controls or len({one.steps for one in controls}) != 1:
        raise ValueError(
            f"got aligned networks of steps {[one.steps for one in controls]}; wanted one or more, "
            "all of the same steps"
        )
    return np.stack([one.scores[detector] for one in controls])


def _attainable(alpha: float, size: int) -> float:
    return max(alpha, 1 / (size + 1))
