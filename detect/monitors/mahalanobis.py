"""Anomaly monitors: how far is what the network makes of this input from what it usually makes?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy import linalg

from detect.contract.score import abstain_unless
from detect.monitors.monitor import Monitor, Watch
from detect.monitors.seen import (
    PublicInputs,
    Reading,
    Reference,
    Rows,
    Seen,
    Source,
    access_of,
    reading_of,
)
from probes.network.access import Access

SHRINKAGE = 1e-3
"""Share of the mean variance that is added to every direction, so that one that never varied has a
large but finite distance."""

ROUNDING = 1e-24
"""Share of the mean square below which a variance is the rounding of rows that are all the same."""


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
            Abstain: rows do not vary within groups.
        """
        counts = np.bincount(groups, minlength=n_groups)
        sums = np.eye(n_groups)[groups].T @ rows
        means = np.where(
            counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], rows.mean(axis=0)
        )
        centred = rows - means[groups]
        covariance = centred.T @ centred / len(rows)
        scale = np.trace(covariance) / len(covariance)
        varied = scale > ROUNDING * (rows**2).mean()
        abstain_unless(varied, "rows do not vary within groups, so there is no distance")
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


@dataclass(frozen=True, kw_only=True)
class Mahalanobis(Monitor):
    """Distance at every place from the place's usual mean, averaged over places.

    One covariance is shared by all places (Lee et al. 2018, places for classes).

    Attributes:
        source: what is read.
        reference: which public inputs are usual.
    """

    source: Source = "activations"
    reference: Reference = "usual"

    @property
    def access(self) -> Access:
        """Activations, or nothing but the input."""
        return access_of(self.source)

    def fit(self, public: PublicInputs) -> Watch:
        """Means by place and their common covariance."""
        reading, usual = _read(self.source, public.of(self.reference))
        by_place = Gaussians.fit(_flat(usual), _places(usual), usual.shape[1])

        def distance(seen: Seen) -> Float[np.ndarray, " batch"]:
            """Mean squared distance over places."""
            rows = reading(seen)
            far = by_place.own_distances(_flat(rows), _places(rows))
            return np.asarray(far.reshape(rows.shape[:2]).mean(axis=1))

        return distance


@dataclass(frozen=True, kw_only=True)
class RelativeMahalanobis(Monitor):
    """Distance from the nearest action's mean less that from the mean of all (Ren et al. 2021).

    What all actions have in common, such as the style of an input, cancels.
    """

    def fit(self, public: PublicInputs) -> Watch:
        """Means by chosen action, and one of all, each with its covariance."""
        shown = public.of("usual")
        reading, usual = _read("activations", shown)
        actions = np.concatenate([seen.outputs.argmax(dim=2).flatten().numpy() for seen in shown])
        by_action = Gaussians.fit(_flat(usual), actions, shown[0].outputs.shape[2])
        of_all = Gaussians.fit(_flat(usual), np.zeros_like(actions), 1)

        def relative(seen: Seen) -> Float[np.ndarray, " batch"]:
            """Mean over places of the difference of squared distances."""
            rows = reading(seen)
            nearest = by_action.distances(_flat(rows)).min(axis=1)
            far = nearest - of_all.distances(_flat(rows))[:, 0]
            return np.asarray(far.reshape(rows.shape[:2]).mean(axis=1))

        return relative


def _read(source: Source, usual: Sequence[Seen]) -> tuple[Reading, Rows]:
    reading = reading_of(source, usual)
    return reading, np.concatenate([reading(seen) for seen in usual])


def _flat(rows: Rows) -> Float[np.ndarray, "row width"]:
    """All places of all inputs, one after the other."""
    return rows.reshape(-1, rows.shape[2])


def _places(rows: Rows) -> Int[np.ndarray, " row"]:
    """Place of every flat row."""
    return np.tile(np.arange(rows.shape[1]), len(rows))
