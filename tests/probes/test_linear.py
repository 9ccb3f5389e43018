"""The ridge probe against scikit-learn, known data and its own contract."""

from __future__ import annotations

import jaxtyping
import numpy as np
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.utils.estimator_checks import check_estimator

from probes.linear.linear import RidgeProbe


def blobs(n: int, n_classes: int, n_features: int, *, gap: float, seed: int = 0):
    """Gaussian classes of unit width whose means lie `gap` from the origin on separate axes."""
    random = np.random.default_rng(seed)
    labels = random.integers(n_classes, size=n)
    rows = random.normal(size=(n, n_features)) + gap * np.eye(n_classes, n_features)[labels]
    return rows, labels


@pytest.mark.parametrize("n_classes", [2, 3, 7])
@pytest.mark.parametrize("alpha", [0.01, 1.0, 300.0])
@pytest.mark.parametrize(("n", "n_features"), [(200, 9), (30, 80)])
def test_equals_scikit_learn(n_classes: int, alpha: float, n: int, n_features: int) -> None:
    rows, labels = blobs(n, n_classes, n_features, gap=1.0)
    ours = RidgeProbe(alpha=alpha).fit(rows, labels)
    theirs = RidgeClassifier(alpha=alpha).fit(rows, labels)
    scale = 1 if n_classes == 2 else 2  # their targets are -1 and 1, ours 0 and 1
    offset = 0 if n_classes == 2 else 1
    assert np.allclose(
        ours.decision_function(rows) * scale - offset, theirs.decision_function(rows), atol=1e-6
    )
    assert np.array_equal(ours.predict(rows), theirs.predict(rows))
    assert ours.score(rows, labels) == theirs.score(rows, labels)


def test_no_penalty_is_least_squares() -> None:
    rows, labels = blobs(100, 3, 5, gap=1.0)
    probe = RidgeProbe(alpha=0.0).fit(rows, labels)
    design = np.column_stack([rows, np.ones(len(rows))])
    expected = np.linalg.lstsq(design, np.eye(3)[labels])[0]
    assert np.allclose(probe.coef_.T, expected[:-1])
    assert np.allclose(probe.intercept_, expected[-1])


def test_known_accuracies() -> None:
    train, labels = blobs(4000, 2, 4, gap=0.0)
    assert RidgeProbe().fit(train, labels).score(*blobs(4000, 2, 4, gap=0.0, seed=1)) == (
        pytest.approx(0.5, abs=0.04)
    )
    train, labels = blobs(4000, 2, 4, gap=1.0)
    # two unit Gaussians, sqrt(2) apart: Phi(sqrt(2) / 2)
    assert RidgeProbe().fit(train, labels).score(*blobs(20_000, 2, 4, gap=1.0, seed=1)) == (
        pytest.approx(0.7602, abs=0.015)
    )
    train, labels = blobs(500, 3, 4, gap=20.0)
    assert RidgeProbe().fit(train, labels).score(*blobs(500, 3, 4, gap=20.0, seed=1)) == 1


def test_labels_may_be_words() -> None:
    rows, labels = blobs(60, 3, 4, gap=9.0)
    words = np.array(["coin", "corner", "gem"])[labels]
    assert RidgeProbe().fit(rows, words).score(rows, words) == 1


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [
        ([[0.0], [np.nan]], [0, 1], "NaN"),
        ([[0.0], [np.inf]], [0, 1], "infinity"),
        ([[0.0], [1.0]], [1, 1], "one class"),
        ([[0.0], [1.0]], [0, 1, 1], "inconsistent numbers of samples"),
        ([0.0, 1.0], [0, 1], "Expected 2D array"),
    ],
)
def test_unusable_input_says_why(rows: list, labels: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RidgeProbe().fit(rows, labels)


def test_negative_penalty_is_refused() -> None:
    with pytest.raises(ValueError, match="alpha must be zero or positive"):
        RidgeProbe(alpha=-1.0).fit([[0.0], [1.0]], [0, 1])


@pytest.mark.filterwarnings("ignore")
def test_scikit_learn_accepts_the_estimator() -> None:
    """Its checks pass words as penalties and sparse rows, which our annotations refuse first."""
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        check_estimator(RidgeProbe())
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)
