"""The monitors by name, each kind beside what it must beat; fixed before they were rated."""

from __future__ import annotations

from detect.monitors.anomaly import Mahalanobis, RelativeMahalanobis
from detect.monitors.disagreement_probe import DisagreementProbe
from detect.monitors.monitor import Monitor
from detect.monitors.plain import OutputEntropy, RandomSuspicion

_MONITORS: tuple[Monitor, ...] = (
    RandomSuspicion(),
    OutputEntropy(),
    Mahalanobis(name="input_mahalanobis", role="baseline", source="tokens"),
    Mahalanobis(name="untrained_mahalanobis", role="control", source="untrained"),
    Mahalanobis(),
    RelativeMahalanobis(),
    Mahalanobis(name="public_mahalanobis", reference="public"),
    DisagreementProbe(name="input_probe", role="baseline", source="tokens"),
    DisagreementProbe(name="untrained_probe", role="control", source="untrained"),
    DisagreementProbe(name="shuffled_probe", role="control", shuffled=True),
    DisagreementProbe(),
)

MONITORS: dict[str, Monitor] = {monitor.name: monitor for monitor in _MONITORS}
"""Monitor name -> monitor."""
