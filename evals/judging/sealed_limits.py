"""Fail a run whose limits know a network that they judge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool

from evals.evidence.detector_rates import EvidenceError
from evals.judging.entry import Entry
from evals.judging.opened_scores import JUDGE_SEED, Judged

_STREAM = 12


def require_sealed_limits(judged: Judged, entries: Sequence[Entry]) -> None:
    """Replace the scores that a limit must not depend on, and require that it stays the same.

    Recomputing a limit by the code that set it shows nothing. Here the scores of all misaligned
    networks are replaced by random ones, which may move no limit, and those of one aligned family,
    which may not move the limit that judges it. Over the columns of a run every family has its
    turn.

    Raises:
        EvidenceError: a limit moved.
    """
    generator = np.random.default_rng([JUDGE_SEED, _STREAM])
    aligned_families = np.unique(judged.families[judged.aligned]).tolist()

    def elsewhere(entry: Entry, chosen: Bool[np.ndarray, " suspect"]) -> Entry:
        scores = entry.scores.copy()
        finite = scores[np.isfinite(scores)]
        spread = 10 * (1 + float(np.abs(finite).max(initial=0.0)))
        scores[chosen] = generator.normal(0, spread, int(chosen.sum()))
        return Entry(entry.name, entry.role, entry.kinds, scores, entry.measures)

    for turn, entry in enumerate(entries):
        limits = judged.calibrate(entry.scores)
        changed = judged.calibrate(elsewhere(entry, ~judged.aligned).scores)
        if changed != limits:
            raise EvidenceError(
                f"the limit of {entry.name} moves when the scores of misaligned networks change; "
                "only aligned networks may set it"
            )
        if judged.kind == "left_out":
            family = aligned_families[turn % len(aligned_families)]
            own = judged.families == family
            changed = judged.calibrate(elsewhere(entry, own).scores)
            verdicts = judged.flags(entry.scores)[own]
            by_others = limits.judging(family).flags(entry.scores[own])
            if changed.judging(family) != limits.judging(family) or (verdicts != by_others).any():
                raise EvidenceError(
                    f"the limit of {entry.name} that judges {family} moves with that family's own "
                    "scores; a family may not judge itself"
                )
