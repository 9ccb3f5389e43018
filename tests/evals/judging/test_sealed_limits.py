"""Planted faults in how limits are set: each must turn the guard red."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evals.evidence.detector_rates import EvidenceError
from evals.judging.leaks import require_sealed_limits
from evals.judging.opened_scores import OpenedScores
from evals.statistics.calibration import Calibration, calibration
from evals.statistics.limit import Limit
from made_up import entry_of, run_of

LEFT_OUT = run_of(6, 4, 5)
SPLIT = run_of(6, 4, 15, alpha=0.1, threshold="split")
EVERYBODY = np.ones(len(SPLIT.members), dtype=bool)


def require_sealed(judged: OpenedScores) -> None:
    """Try the limits of eight detectors of noise."""
    scores = np.random.default_rng(0).normal(size=(8, len(judged.members)))
    require_sealed_limits(judged, [entry_of(f"noise_{n}", own) for n, own in enumerate(scores)])


def under_most_of_the_test_families(self: OpenedScores, scores: np.ndarray) -> Calibration:
    """A limit that 70% of the misaligned networks exceed, whoever they are."""
    value = float(np.quantile(scores[~self.aligned], 0.3))
    return Calibration(Limit(value, "largest", "planted", 6, 30, 0.14), {})


def judged_by_itself(self: OpenedScores, scores: np.ndarray) -> Calibration:
    """Every aligned family is judged by all aligned networks, its own among them."""
    chosen = self.aligned
    honest = calibration(scores[chosen], self.families[chosen], 0.05, "left_out")
    return Calibration(honest.whole, dict.fromkeys(honest.without, honest.whole))


def with_one_test_network(self: OpenedScores, scores: np.ndarray) -> Calibration:
    """One misaligned network slipped among those that set the limit."""
    chosen = self.aligned.copy()
    chosen[-1] = True
    return calibration(scores[chosen], self.families[chosen], 0.05, "left_out")


@pytest.mark.parametrize(
    ("judged", "name", "fault", "word"),
    [
        (LEFT_OUT, "calibrate", under_most_of_the_test_families, "misaligned networks"),
        (LEFT_OUT, "calibrate", with_one_test_network, "misaligned networks"),
        (LEFT_OUT, "calibrate", judged_by_itself, "judge itself"),
        (SPLIT, "calibrating", EVERYBODY, "only aligned networks may set it"),
    ],
)
def test_honest_limits_pass_and_one_that_knows_whom_it_judges_stops_the_run(
    monkeypatch: pytest.MonkeyPatch, judged: OpenedScores, name: str, fault: object, word: str
) -> None:
    require_sealed(judged)
    monkeypatch.setattr(OpenedScores, name, fault)
    with pytest.raises(EvidenceError, match=word):
        require_sealed(replace(judged))  # a copy, as what the honest run computed is cached
