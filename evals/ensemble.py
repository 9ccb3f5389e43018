"""Combinations of detectors: rules fixed beforehand, logistics fitted on other families."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Bool, Float

from detect.declaration import Declaration, declared
from evals.bench import JUDGE_SEED
from evals.calibration import ThresholdKind
from evals.column import Column
from evals.columns import Entry, measured_column
from evals.combination import RULES, combined_p_values
from evals.judge import Judged
from evals.ranked import RankedBench
from evals.stacked_null import DEALS, StackedNull, stacked_null
from evals.stacking import FEWEST_FAMILIES, Stacking
from evals.threshold import AlphaNotAttainable

ROLE = "combination"

STACK = "stacked"
CLASSIFIER = "weights_classifier"
CLASSIFIED = "weight_statistics"
"""The detector whose parts the weights-only classifier is fitted on."""

FEWEST_DETECTORS = 2

FIXED = {f"combined_{rule}": statistic for rule, statistic in RULES.items()}
"""Name of its column -> statistic of every combination that nothing was fitted for."""


@dataclass(frozen=True, eq=False)
class Combination:
    """Several scores made one.

    Attributes:
        name: of its column.
        kinds: the detectors.
        features: names of their scores, `detector` or `detector/part`.
        scores: 1 - p of every suspect, NaN where all features are missing.
    """

    name: str
    kinds: tuple[Declaration, ...]
    features: tuple[str, ...]
    scores: Float[np.ndarray, " suspect"]

    @property
    def entry(self) -> Entry:
        """As a column: it asks for the most access of its detectors and pays for all of them."""
        measures = frozenset[str]().union(*(kind.measures for kind in self.kinds))
        strongest = max(self.kinds, key=lambda kind: kind.access)
        return Entry(self.name, ROLE, strongest, self.scores, measures, self.kinds)


def combined_kinds(detectors: Sequence[str | Declaration]) -> tuple[Declaration, ...]:
    """What is combined: every detector that asks for misalignment and for no trusted twin.

    Floors and baselines are left out.
    """
    kinds = [declared(detector) for detector in detectors]
    chosen = [k for k in kinds if k.question == "misaligned" and k.role == "detector"]
    return tuple(kind for kind in chosen if not kind.twin)


def fixed_combinations(
    bench: RankedBench, detectors: Sequence[str | Declaration]
) -> tuple[Combination, ...]:
    """One for every rule of `RULES`, over all detectors; none with fewer than two."""
    kinds = combined_kinds(detectors)
    if len(kinds) < FEWEST_DETECTORS:
        return ()
    names = tuple(kind.name for kind in kinds)
    features = feature_matrix(bench.judged, names)
    return tuple(
        Combination(
            name,
            kinds,
            names,
            bench.judge(features, partial(combined_p_values, statistic=statistic)),
        )
        for name, statistic in FIXED.items()
    )


def stacked_features(detectors: Sequence[str | Declaration]) -> Mapping[str, tuple[str, ...]]:
    """Stack -> the scores that it is fitted on: all detectors, and the parts of one."""
    kinds = combined_kinds(detectors)
    found = {}
    if len(kinds) >= FEWEST_DETECTORS:
        found[STACK] = tuple(kind.name for kind in kinds)
    for kind in kinds:
        if kind.name == CLASSIFIED:
            found[CLASSIFIER] = tuple(f"{kind.name}/{part}" for part in kind.parts)
    return found


def stacked_combinations(
    bench: RankedBench, detectors: Sequence[str | Declaration]
) -> tuple[Combination, ...]:
    """Logistics whose fit and threshold both leave the judged family out.

    They stand beside thresholds that leave families out, and need four families to fit.
    """
    judged = bench.judged
    if bench.kind != "left_out" or not can_stack(judged):
        return ()
    by_name = {kind.name: kind for kind in combined_kinds(detectors)}
    found = []
    for name, features in stacked_features(detectors).items():
        owners = dict.fromkeys(feature.partition("/")[0] for feature in features)
        matrix = feature_matrix(judged, features)
        p_values, _ = Stacking(matrix, judged.families).p_values(~judged.aligned)
        scores = np.where(np.isnan(matrix).all(axis=1), np.nan, 1 - p_values)
        found.append(Combination(name, tuple(by_name[o] for o in owners), features, scores))
    return tuple(found)


def combination_columns(
    judged: Judged, detectors: Sequence[str | Declaration], kind: ThresholdKind | None = None
) -> tuple[Column, ...]:
    """Every combination as a column, at a threshold that follows from ranks.

    Args:
        judged: opened scores.
        detectors: registry names, references, or declarations.
        kind: of the thresholds; the one that the suite declares if not given.

    Raises:
        AlphaNotAttainable: too few aligned networks or families.
    """
    bench = RankedBench(judged, kind or judged.suite.rule.threshold)
    found = (*fixed_combinations(bench, detectors), *stacked_combinations(bench, detectors))
    return tuple(measured_column(bench, one.entry, resampled=False) for one in found)


def stacked_nulls(
    judged: Judged, detectors: Sequence[str | Declaration], *, deals: int = DEALS
) -> tuple[StackedNull, ...]:
    """Every stack beside itself on dealt labels; none where families cannot be left out."""
    if not can_stack(judged):
        return ()
    return tuple(
        null_of(judged, name, features, feature_matrix(judged, features), deals=deals)
        for name, features in stacked_features(detectors).items()
    )


def null_of(
    judged: Judged,
    name: str,
    features: tuple[str, ...],
    matrix: Float[np.ndarray, "suspect feature"],
    *,
    deals: int = DEALS,
) -> StackedNull:
    """A stack on any features of the suspects, beside itself on dealt labels."""
    stacking = Stacking(matrix, judged.families)
    generator = np.random.default_rng([JUDGE_SEED, 4])
    misaligned: Bool[np.ndarray, " suspect"] = ~judged.aligned
    return stacked_null(
        name, features, stacking, misaligned, judged.suite.alpha, generator, deals=deals
    )


def can_stack(judged: Judged) -> bool:
    """Whether two families can be left out, two of either label being there, at this alpha."""
    aligned = set(judged.families[judged.aligned].tolist())
    others = set(judged.families[~judged.aligned].tolist())
    if min(len(aligned), len(others)) < 2 or len(aligned | others) < FEWEST_FAMILIES:
        return False
    try:
        RankedBench(judged, "left_out").calibrate(np.zeros(len(judged.members)), judged.suite.alpha)
    except AlphaNotAttainable:
        return False
    return True


def feature_matrix(judged: Judged, features: Sequence[str]) -> Float[np.ndarray, "suspect feature"]:
    """Scores by suspect and feature, `detector` or `detector/part`; NaN where there is none."""
    columns = []
    for feature in features:
        detector, _, part = feature.partition("/")
        columns.append(judged.scores(detector, part))
    return np.stack(columns, axis=1)
