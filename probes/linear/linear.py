"""A ridge classifier in closed form, with the scikit-learn estimator contract."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data


class RidgeProbe(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Least squares on one-hot classes with a penalty on the weights, not on the intercept.

    Solves (Xᵀ X + alpha I) W = Xᵀ Y with X and Y centred (Hoerl and Kennard 1970); the class
    with the largest prediction wins.

    Attributes:
        classes_: sorted class labels.
        coef_: weights, shape (1 or class, feature).
        intercept_: shape (1 or class,). With two classes there is one row, positive for the
            second class, as in scikit-learn.
    """

    def __init__(self, *, alpha: float = 1.0) -> None:
        """Configure.

        Args:
            alpha: penalty, at least 0, in units of squared activations summed over rows.
        """
        self.alpha = alpha

    def fit(self, X: ArrayLike, y: ArrayLike) -> RidgeProbe:
        """Fit.

        Args:
            X: finite numbers, shape (row, feature).
            y: one class label per row, at least two different ones.

        Raises:
            ValueError: alpha is negative, a number is not finite, there is one class only, or
                the lengths of X and y differ.
        """
        if self.alpha < 0:
            raise ValueError(f"alpha must be zero or positive, got {self.alpha}")
        rows, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        self.classes_, index = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"a probe needs at least two classes, got one class only ({self.classes_[0]!r}); "
                "widen the target or the instances"
            )
        targets = np.eye(len(self.classes_))[index]
        if len(self.classes_) == 2:
            targets = targets[:, 1:] - targets[:, :1]
        weights, intercept = solve_ridge(rows, targets, alpha=self.alpha)
        self.coef_, self.intercept_ = weights.T, intercept
        return self

    def decision_function(self, X: ArrayLike) -> Any:
        """Prediction per class, shape (row, class); with two classes one number per row."""
        check_is_fitted(self)
        rows = validate_data(self, X, dtype=np.float64, reset=False)
        decisions = rows @ self.coef_.T + self.intercept_
        return decisions[:, 0] if len(self.classes_) == 2 else decisions

    def predict(self, X: ArrayLike) -> Any:
        """Class label per row."""
        decisions = self.decision_function(X)
        if len(self.classes_) == 2:
            return self.classes_[(decisions > 0).astype(int)]
        return self.classes_[decisions.argmax(axis=1)]


def solve_ridge(
    rows: Float[np.ndarray, "row feature"],
    targets: Float[np.ndarray, "row target"],
    *,
    alpha: float,
) -> tuple[Float[np.ndarray, "feature target"], Float[np.ndarray, " target"]]:
    """Weights and intercepts that minimise |X W + b - Y|² + alpha |W|².

    Uses the dual form where there are fewer rows than features, and the pseudo-inverse where
    alpha is 0 and the columns are dependent.
    """
    row_mean, target_mean = rows.mean(axis=0), targets.mean(axis=0)
    x, y = rows - row_mean, targets - target_mean
    if alpha == 0:
        weights = np.linalg.lstsq(x, y)[0]
    elif len(x) < x.shape[1]:
        weights = x.T @ np.linalg.solve(x @ x.T + alpha * np.eye(len(x)), y)
    else:
        weights = np.linalg.solve(x.T @ x + alpha * np.eye(x.shape[1]), x.T @ y)
    return weights, target_mean - row_mean @ weights
