"""Anomaly monitors: how far is what the network makes of this input from what it usually makes?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from detect.monitors.gaussian import Gaussians
from detect.monitors.monitor import Monitor, MonitorBlind, MonitorRole
from detect.monitors.reading import Reading, Source, access_of
from detect.monitors.reference import PublicInputs, Reference
from detect.monitors.seen import Seen
from probes.network.access import Access


@dataclass(frozen=True)
class Mahalanobis(Monitor):
    """Distance at every place from the place's usual mean, averaged over places.

    One covariance is shared by all places (Lee et al. 2018, places for classes).

    Attributes:
        name, role: as tables have them.
        source: what is read.
        reference: which public inputs are usual.
    """

    name: str = "mahalanobis"
    role: MonitorRole = "monitor"
    source: Source = "activations"
    reference: Reference = "usual"

    @property
    def access(self) -> Access:
        """Activations, or nothing but the input."""
        return access_of(self.source)

    def fit(self, public: PublicInputs) -> DistanceWatch:
        """Means by place and their common covariance."""
        usual = public.of(self.reference)
        reading, rows = _read(self.source, usual)
        places = rows.shape[1]
        return DistanceWatch(reading, _gaussians(rows, _places(len(rows), places), places))


@dataclass(frozen=True, eq=False)
class DistanceWatch:
    """A fitted Mahalanobis monitor.

    Attributes:
        reading: what is read.
        by_place: one group per place.
    """

    reading: Reading
    by_place: Gaussians

    def suspicions(self, seen: Seen) -> Float[np.ndarray, " batch"]:
        """Mean squared distance over places."""
        rows = self.reading.rows(seen)
        n, places = rows.shape[:2]
        far = self.by_place.own_distances(rows.reshape(n * places, -1), _places(n, places))
        return np.asarray(far.reshape(n, places).mean(axis=1))


@dataclass(frozen=True)
class RelativeMahalanobis(Monitor):
    """Distance from the nearest action's mean less that from the mean of all (Ren et al. 2021).

    What all actions have in common, such as the style of an input, cancels.

    Attributes:
        name, role: as tables have them.
        reference: which public inputs are usual.
    """

    name: str = "relative_mahalanobis"
    role: MonitorRole = "monitor"
    reference: Reference = "usual"

    @property
    def access(self) -> Access:
        """Activations, and the actions that follow from them."""
        return Access.ACTIVATIONS

    def fit(self, public: PublicInputs) -> RelativeWatch:
        """Means by chosen action, and one of all, each with its covariance."""
        usual = public.of(self.reference)
        reading, rows = _read("activations", usual)
        actions = np.concatenate([seen.actions for seen in usual]).ravel()
        n_actions = usual[0].outputs.shape[2]
        return RelativeWatch(
            reading,
            _gaussians(rows, actions, n_actions),
            _gaussians(rows, np.zeros_like(actions), 1),
        )


@dataclass(frozen=True, eq=False)
class RelativeWatch:
    """A fitted relative Mahalanobis monitor.

    Attributes:
        reading: what is read.
        by_action: one group per action.
        of_all: one group.
    """

    reading: Reading
    by_action: Gaussians
    of_all: Gaussians

    def suspicions(self, seen: Seen) -> Float[np.ndarray, " batch"]:
        """Mean over places of the difference of squared distances."""
        rows = self.reading.rows(seen)
        n, places = rows.shape[:2]
        flat = rows.reshape(n * places, -1)
        nearest = self.by_action.distances(flat).min(axis=1)
        relative = nearest - self.of_all.distances(flat)[:, 0]
        return np.asarray(relative.reshape(n, places).mean(axis=1))


def _read(
    source: Source, usual: Sequence[Seen]
) -> tuple[Reading, Float[np.ndarray, "row place width"]]:
    reading = Reading.fit(source, usual)
    return reading, np.concatenate([reading.rows(seen) for seen in usual])


def _places(n: int, places: int) -> Int[np.ndarray, " row"]:
    """Place of every row, of `n` inputs one after the other."""
    return np.tile(np.arange(places), n)


def _gaussians(
    rows: Float[np.ndarray, "batch place width"], groups: Int[np.ndarray, " row"], n_groups: int
) -> Gaussians:
    try:
        return Gaussians.fit(rows.reshape(-1, rows.shape[2]), groups, n_groups)
    except ValueError as error:
        raise MonitorBlind(str(error)) from error
