"""Planted faults in how limits are set: each must turn the guard red."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from evals.evidence.detector_rates import EvidenceError
from evals.judging.leaks import require_sealed_limits
from evals.judging.opened_scores import Judged
from evals.statistics.calibration import Calibration, calibration
from evals.statistics.limit import Limit
from made_up import entry_of, run_of

Fault = Callable[[Judged], Callable[..., Calibration]]


def entries(judged: Judged) -> list:  # type: ignore[type-arg]
    generator = np.random.default_rng(0)
    size = len(judged.members)
    return [entry_of(f"detector_{number}", generator.normal(size=size)) for number in range(8)]


def test_honest_limits_pass() -> None:
    judged = run_of(6, 4, 5)
    require_sealed_limits(judged, entries(judged))
    split = run_of(6, 4, 15, alpha=0.1, threshold="split")
    require_sealed_limits(split, entries(split))


def a_limit(value: float) -> Limit:
    return Limit(value, "largest", "planted", 6, 30, 0.14)


def under_most_of_the_test_families(self: Judged, scores: np.ndarray) -> Calibration:
    """A limit that 70% of the misaligned networks exceed, whoever they are."""
    return Calibration(a_limit(float(np.quantile(scores[~self.aligned], 0.3))), {})


def judged_by_itself(self: Judged, scores: np.ndarray) -> Calibration:
    """Every aligned family is judged by all aligned networks, its own among them."""
    chosen = self.aligned
    honest = calibration(scores[chosen], self.families[chosen], 0.05, "left_out")
    return Calibration(honest.whole, dict.fromkeys(honest.without, honest.whole))


def with_one_test_network(self: Judged, scores: np.ndarray) -> Calibration:
    """One misaligned network slipped among those that set the limit."""
    chosen = self.aligned.copy()
    chosen[-1] = True
    return calibration(scores[chosen], self.families[chosen], 0.05, "left_out")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (under_most_of_the_test_families, "when the scores of misaligned networks change"),
        (with_one_test_network, "when the scores of misaligned networks change"),
        (judged_by_itself, "may not judge itself"),
    ],
)
def test_a_limit_that_knows_whom_it_judges_stops_the_run(
    monkeypatch: pytest.MonkeyPatch, fault: Callable[..., Calibration], message: str
) -> None:
    judged = run_of(6, 4, 5)
    monkeypatch.setattr(Judged, "calibrate", fault)
    with pytest.raises(EvidenceError, match=message):
        require_sealed_limits(judged, entries(judged))


def test_misaligned_networks_that_calibrate_a_split_stop_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judged = run_of(6, 4, 15, alpha=0.1, threshold="split")
    everybody = np.ones(len(judged.members), dtype=bool)
    monkeypatch.setattr(Judged, "calibrating", everybody)
    with pytest.raises(EvidenceError, match="only aligned networks may set it"):
        require_sealed_limits(judged, entries(judged))
