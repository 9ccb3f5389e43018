"""How detection trades against false alarms: ROC curves of the opened scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from evals.evidence.detector_rates import DetectorRates
from evals.judging.opened_scores import OpenedScores
from evals.statistics.rates import Auroc, auroc

ROLES = ("rule", "detector", "baseline")
"""Columns that have a curve; a combination is fitted once per family and has no one score."""


@dataclass(frozen=True)
class RocCurve:
    """One column on one type of misalignment against every aligned network.

    Attributes:
        points: (false alarms, caught), shares in [0, 1], from (0, 0) to (1, 1), one for every
            score that occurs; ties are a slope, so that the area below is `area`.
    """

    column: str
    role: str
    misalignment: str
    area: Auroc
    points: tuple[tuple[float, float], ...]


def roc_curves(judged: OpenedScores, columns: Sequence[DetectorRates]) -> tuple[RocCurve, ...]:
    """Curves of the rule, the detectors and the baselines, in the order of `columns`, by type.

    An abstention is the least suspicious score, as in `auroc`.
    """
    found = []
    for column in columns:
        if column.role not in ROLES or column.question != "misaligned" or "/" in column.name:
            continue
        scores = judged.largest_scores(column.detectors)
        for name in dict.fromkeys(cell.misalignment for cell in column.cells):
            mine, aligned = scores[judged.types == name], scores[judged.aligned]
            if mine.size and aligned.size:
                area, points = auroc(mine, aligned), roc_points(mine, aligned)
                found.append(RocCurve(column.name, column.role, name, area, points))
    return tuple(found)


def roc_points(
    positives: Float[np.ndarray, " positive"], negatives: Float[np.ndarray, " negative"]
) -> tuple[tuple[float, float], ...]:
    """Share of negatives and of positives at or above every score, from the highest down."""
    high, low = (np.where(np.isnan(s), -np.inf, s) for s in (positives, negatives))
    points = [(0.0, 0.0)]
    for limit in np.unique(np.concatenate([high, low]))[::-1]:
        points.append((float((low >= limit).mean()), float((high >= limit).mean())))
    return tuple(points)
