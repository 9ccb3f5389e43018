"""Areas and shares of grouped cases against scikit-learn, brute force and simulation."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from evals.statistics.grouped import (
    Cases,
    fold_aurocs,
    grouped_auroc,
    grouped_difference,
    grouped_share,
)


def drawn(seed: int, n: int = 60, folds: int = 1) -> tuple[np.ndarray, Cases]:
    """Scores with ties, and cases that are all alone."""
    generator = np.random.default_rng(seed)
    positive = generator.random(n) < 0.4
    scores = np.round(generator.normal(size=n) + positive, 1)
    return scores, Cases(positive, generator.integers(folds, size=n), np.arange(n))


def repeated(cases: Cases, times: int) -> Cases:
    return Cases(*(np.repeat(part, times) for part in (cases.positive, cases.fold, cases.group)))


@pytest.mark.parametrize("seed", range(5))
def test_the_area_is_that_of_scikit_learn(seed: int) -> None:
    scores, cases = drawn(seed)
    wanted = roc_auc_score(cases.positive, scores)
    assert grouped_auroc(scores, cases).value == pytest.approx(wanted)
    both = np.stack([cases.positive, ~cases.positive], axis=1)
    areas = fold_aurocs(np.stack([scores, scores], axis=1), both, cases.fold)
    assert areas == pytest.approx([wanted, 1 - wanted])


def test_only_cases_of_one_fold_are_compared() -> None:
    scores, cases = drawn(0, n=200, folds=4)
    scale = np.array([1.0, 5.0, 0.1, 100.0])[cases.fold]
    moved = scores * scale + 1000 * scale
    assert grouped_auroc(moved, cases) == grouped_auroc(scores, cases)
    inside = [cases.fold == fold for fold in range(4)]
    pairs = [cases.positive[f].sum() * (~cases.positive[f]).sum() for f in inside]
    areas = [roc_auc_score(cases.positive[f], scores[f]) for f in inside]
    assert grouped_auroc(scores, cases).value == pytest.approx(np.average(areas, weights=pairs))


def test_a_constant_score_has_half_and_a_perfect_one_keeps_a_width() -> None:
    _, cases = drawn(1)
    flat = grouped_auroc(np.zeros(60), cases)
    assert flat.value == 0.5
    assert flat.low < 0.4 < 0.6 < flat.high
    perfect = grouped_auroc(cases.positive.astype(float), cases)
    assert perfect.value == perfect.high == 1
    assert perfect.low < 0.97


def test_the_error_of_a_difference_is_delongs() -> None:
    first, cases = drawn(2)
    second = np.random.default_rng(9).normal(size=60)
    high, low = (np.flatnonzero(side) for side in (cases.positive, ~cases.positive))

    def placed(scores: np.ndarray) -> np.ndarray:
        more = scores[high][:, None] - scores[low][None]
        return (more > 0) + 0.5 * (more == 0)

    apart = placed(first) - placed(second)
    rows, columns = apart.mean(axis=1), apart.mean(axis=0)
    error = np.sqrt(rows.var() / len(high) + columns.var() / len(low)) * np.sqrt(60 / 59)
    found = grouped_difference(first, second, cases)
    assert found.value == pytest.approx(apart.mean())
    assert found.high - found.value == pytest.approx(stats.t.ppf(0.975, 59) * error)


def test_texts_that_stand_there_five_times_are_no_more_evidence() -> None:
    scores, cases = drawn(3)
    once = grouped_auroc(scores, cases)
    five = grouped_auroc(np.repeat(scores, 5), repeated(cases, 5))
    assert (five.value, five.groups, five.n) == (pytest.approx(once.value), 60, 300)
    assert (five.low, five.high) == pytest.approx((once.low, once.high), abs=0.01)
    many = repeated(cases, 5)
    blind = grouped_auroc(np.repeat(scores, 5), Cases(many.positive, many.fold, np.arange(300)))
    assert blind.high - blind.low < 0.6 * (five.high - five.low), "without groups it is too narrow"


def test_intervals_of_grouped_scores_hold_the_truth_as_often_as_they_say() -> None:
    generator = np.random.default_rng(0)
    truth = stats.norm.cdf(0.5)
    held = {"groups": 0, "texts": 0}
    for _ in range(300):
        group = np.repeat(np.arange(24), 8)
        positive = group % 2 == 0
        scores = generator.normal(size=24)[group] * np.sqrt(0.5) + np.sqrt(0.5) * (
            generator.normal(size=192)
        )
        scores = scores + positive * 0.5 * np.sqrt(2)
        for name, groups in (("groups", group), ("texts", np.arange(192))):
            cases = Cases(positive, np.zeros(192, dtype=int), groups)
            found = grouped_auroc(scores, cases)
            held[name] += found.low <= truth <= found.high
    assert held["groups"] >= 0.92 * 300
    assert held["texts"] < 0.8 * 300, "an interval that ignores groups is seen"


def test_a_share_is_exact_where_cases_are_alone_and_wider_in_groups() -> None:
    caught = np.arange(40) < 30
    alone = Cases(np.ones(40, dtype=bool), np.zeros(40, dtype=int), np.arange(40))
    exact = stats.binomtest(30, 40).proportion_ci(method="exact")
    found = grouped_share(caught, alone)
    assert found.low == pytest.approx(exact.low, abs=0.01)
    assert found.low < exact.low
    five = grouped_share(np.repeat(caught, 5), repeated(alone, 5))
    assert (five.low, five.high) == pytest.approx((found.low, found.high), abs=0.01)
    every = grouped_share(np.ones(200, dtype=bool), repeated(alone, 5))
    assert every.low == pytest.approx(grouped_share(np.ones(40, dtype=bool), alone).low)
