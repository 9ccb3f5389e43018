"""The monitors by name, each kind beside what it must beat; fixed before they were rated."""

from __future__ import annotations

from detect.monitors.baselines import OutputEntropy, RandomSuspicion
from detect.monitors.disagreement_probe import DisagreementProbe
from detect.monitors.mahalanobis import Mahalanobis, RelativeMahalanobis
from detect.monitors.monitor import Monitor

MONITORS: dict[str, Monitor] = {
    "random_suspicion": RandomSuspicion(role="floor"),
    "output_entropy": OutputEntropy(role="baseline"),
    "input_mahalanobis": Mahalanobis(role="baseline", source="tokens"),
    "untrained_mahalanobis": Mahalanobis(role="control", source="untrained"),
    "mahalanobis": Mahalanobis(),
    "relative_mahalanobis": RelativeMahalanobis(),
    "public_mahalanobis": Mahalanobis(reference="public"),
    "input_probe": DisagreementProbe(role="baseline", source="tokens"),
    "untrained_probe": DisagreementProbe(role="control", source="untrained"),
    "shuffled_probe": DisagreementProbe(role="control", shuffled=True),
    "disagreement_probe": DisagreementProbe(),
}
"""Monitor name -> monitor."""
