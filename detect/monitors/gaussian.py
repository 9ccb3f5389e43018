"""Gaussians with a common covariance, one per group of rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import linalg

SHRINKAGE = 1e-3
"""Share of the mean variance that is added to every direction, so that one that never varied has a
large but finite distance."""


@dataclass(frozen=True, eq=False)
class Gaussians:
    """Means by group and a pooled covariance, as linear discriminant analysis has them.

    Attributes:
        whitening: maps a row, less a mean, to coordinates of unit variance.
        means: in these coordinates.
    """

    whitening: Float[np.ndarray, "width width"]
    means: Float[np.ndarray, "group width"]

    @classmethod
    def fit(
        cls, rows: Float[np.ndarray, "row width"], groups: Int[np.ndarray, " row"], n_groups: int
    ) -> Gaussians:
        """Estimate; a group without rows has the mean of all.

        Raises:
            ValueError: rows do not vary within groups.
        """
        counts = np.bincount(groups, minlength=n_groups)
        sums = np.eye(n_groups)[groups].T @ rows
        means = np.where(
            counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], rows.mean(axis=0)
        )
        centred = rows - means[groups]
        covariance = centred.T @ centred / len(rows)
        scale = np.trace(covariance) / len(covariance)
        if not scale > 0:
            raise ValueError("rows do not vary within groups, so there is no distance")
        shrunk = covariance + SHRINKAGE * scale * np.eye(len(covariance))
        factor = linalg.cholesky(shrunk, lower=True)
        whitening = linalg.solve_triangular(factor, np.eye(len(factor)), lower=True).T
        return cls(np.asarray(whitening), np.asarray(means @ whitening))

    def distances(self, rows: Float[np.ndarray, "row width"]) -> Float[np.ndarray, "row group"]:
        """Squared Mahalanobis distance of every row from every group's mean."""
        white = rows @ self.whitening
        squares = (white**2).sum(axis=1)[:, None] + (self.means**2).sum(axis=1)
        return np.asarray(np.maximum(squares - 2 * white @ self.means.T, 0))

    def own_distances(
        self, rows: Float[np.ndarray, "row width"], groups: Int[np.ndarray, " row"]
    ) -> Float[np.ndarray, " row"]:
        """Squared Mahalanobis distance of every row from the mean of its group."""
        return np.asarray((((rows @ self.whitening) - self.means[groups]) ** 2).sum(axis=1))
