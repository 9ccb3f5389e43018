"""Affine maps between activations, and how alike two networks' activations are."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from probes.arguments import require_number

SHRINKAGE = 1e-3
"""Ridge penalty of a map, in units of the mean variance of its inputs, per row."""


RowsLike = Float[np.ndarray, "row feature"]


def centred(rows: RowsLike) -> tuple[Float[np.ndarray, " feature"], RowsLike]:
    """Mean, and rows less their mean, in single precision at least.

    A column that is the same in all rows becomes exactly 0: what is left there is rounding, and
    dividing by it would make something of nothing.
    """
    exact = rows.astype(np.result_type(rows, np.float32), copy=False)
    mean = exact.mean(axis=0)
    rest = exact - mean
    rest[:, (exact == exact[:1]).all(axis=0)] = 0
    return mean, rest


def solve_ridge(
    rows: Float[np.ndarray, "row feature"],
    targets: Float[np.ndarray, "row target"],
    *,
    alpha: float,
) -> tuple[Float[np.ndarray, "feature target"], Float[np.ndarray, " target"]]:
    """Weights and intercepts that minimise |X W + b - Y|² + alpha |W|².

    Uses the dual form where there are fewer rows than features, and the pseudo-inverse where
    alpha is 0 and the columns are dependent.

    Raises:
        ArgumentError: alpha is negative or not finite.
    """
    require_number("alpha", alpha, least=0)
    (row_mean, x), (target_mean, y) = centred(rows), centred(targets)
    if alpha == 0:
        weights = np.linalg.lstsq(x, y)[0]
    elif len(x) < x.shape[1]:
        weights = x.T @ np.linalg.solve(x @ x.T + alpha * np.eye(len(x)), y)
    else:
        weights = np.linalg.solve(x.T @ x + alpha * np.eye(x.shape[1]), x.T @ y)
    return weights, target_mean - row_mean @ weights


class AffineMap:
    """The best affine map from one network's activations to another's, fitted once."""

    def __init__(
        self,
        inputs: Float[np.ndarray, "row feature"],
        outputs: Float[np.ndarray, "row other_feature"],
    ) -> None:
        """Fit by ridge regression."""
        spread = inputs.var(axis=0, dtype=np.result_type(inputs, np.float32))
        constant = (inputs == inputs[:1]).all(axis=0)
        alpha = SHRINKAGE * len(inputs) * float(np.where(constant, 0, spread).mean())
        self.weights, self.intercept = solve_ridge(inputs, outputs, alpha=alpha)

    def unexplained(
        self,
        inputs: Float[np.ndarray, "row feature"],
        outputs: Float[np.ndarray, "row other_feature"],
    ) -> float:
        """Share of the variance of the outputs that the map misses, from 0; NaN without any."""
        missed = outputs - inputs @ self.weights - self.intercept
        spread = float((centred(outputs)[1] ** 2).sum())
        return float((missed**2).sum() / spread) if spread > 0 else float("nan")


def linear_cka(
    one: Float[np.ndarray, "row feature"], other: Float[np.ndarray, "row other_feature"]
) -> float:
    """Linear centred kernel alignment, in [0, 1]; NaN where either is constant.

    |Y'X|_F^2 / (|X'X|_F |Y'Y|_F) of centred columns (Kornblith et al. 2019). Rotating or scaling
    either side changes nothing.
    """
    x, y = centred(one)[1], centred(other)[1]
    shared = np.linalg.norm(y.T @ x) ** 2
    size = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
    return float(shared / size) if size > 0 else float("nan")
