"""Ridge maps against scikit-learn, and how alike two representations are against closed forms."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge

from probes.linear.affine import AffineMap, linear_cka, solve_ridge

DRAWN = np.random.default_rng(0)
X = DRAWN.normal(size=(400, 6))
ROTATION = np.linalg.qr(DRAWN.normal(size=(6, 6)))[0]


@pytest.mark.parametrize("alpha", [0.0, 0.01, 300.0])
@pytest.mark.parametrize("n", [4, 400])
def test_ridge_equals_scikit_learn_with_few_rows_and_with_many(alpha: float, n: int) -> None:
    rows, targets = X[:n], np.tanh(X[:n] @ ROTATION[:, :3]) + 2
    theirs = (Ridge(alpha=alpha) if alpha else LinearRegression()).fit(rows, targets)
    weights, intercept = solve_ridge(rows, targets, alpha=alpha)
    assert np.allclose(weights.T, theirs.coef_)
    assert np.allclose(intercept, theirs.intercept_)


def test_alignment_is_that_of_centred_gram_matrices() -> None:
    """Another way to the same number: kernels of rows instead of covariances of columns."""
    y = np.tanh(X @ DRAWN.normal(size=(6, 4))) + 1
    centre = np.eye(400) - 1 / 400
    k, m = centre @ X @ X.T @ centre, centre @ y @ y.T @ centre
    expected = (k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum())
    assert linear_cka(X, y) == pytest.approx(expected)
    assert 0.1 < expected < 0.95


def test_strangers_share_little_a_constant_nothing_known_and_a_rotated_copy_all() -> None:
    assert linear_cka(X, DRAWN.normal(size=(400, 6))) < 0.1
    assert np.isnan(linear_cka(X, np.ones((400, 2))))
    assert linear_cka(X, 3 * X @ ROTATION + 7) == pytest.approx(1)


def test_a_map_explains_what_is_affine_and_no_more() -> None:
    noise = DRAWN.normal(size=(400, 3))
    clean = X @ DRAWN.normal(size=(6, 3)) + 5
    fitted = AffineMap(X[:200], clean[:200])
    assert fitted.unexplained(X[200:], clean[200:]) < 1e-4
    assert fitted.unexplained(X[200:], clean[200:] + 1) > 0.1
    blind = AffineMap(X[:200], noise[:200])
    assert blind.unexplained(X[200:], noise[200:]) == pytest.approx(1, abs=0.15)
    assert np.isnan(fitted.unexplained(X, np.ones((400, 3))))
