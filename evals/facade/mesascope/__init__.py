"""Measured detection rates for mesa-optimization: the names that most users need.

Everything here is defined in the packages `organisms`, `probes`, `detect` and `evals`, and is
imported from there at first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mesascope.packages import require_own_packages

if TYPE_CHECKING:
    from detect.contract.detector import Detector
    from detect.contract.score import Score
    from evals.audit.adapter import Adapter
    from evals.guests.score_detector import score_detector as score
    from evals.risk.analysis import update_risk
    from mesascope.measuring import audit, probe, probe_texts, run, sweep
    from mesascope.organism import Organism, grow, load_reference
    from organisms.worlds.options import WithOptions
    from probes.network.access import Access
    from probes.network.adapted import Site
    from probes.network.capture import capture
    from probes.network.suspect import Suspect
    from probes.world.own_world import Cases, OwnWorld

_PLACES = {
    "Access": "probes.network.access.Access",
    "Adapter": "evals.audit.adapter.Adapter",
    "Cases": "probes.world.own_world.Cases",
    "Detector": "detect.contract.detector.Detector",
    "Organism": "mesascope.organism.Organism",
    "OwnWorld": "probes.world.own_world.OwnWorld",
    "Score": "detect.contract.score.Score",
    "Site": "probes.network.adapted.Site",
    "Suspect": "probes.network.suspect.Suspect",
    "WithOptions": "organisms.worlds.options.WithOptions",
    "audit": "mesascope.measuring.audit",
    "capture": "probes.network.capture.capture",
    "grow": "mesascope.organism.grow",
    "load_reference": "mesascope.organism.load_reference",
    "probe": "mesascope.measuring.probe",
    "probe_texts": "mesascope.measuring.probe_texts",
    "run": "mesascope.measuring.run",
    "score": "evals.guests.score_detector.score_detector",
    "sweep": "mesascope.measuring.sweep",
    "update_risk": "evals.risk.analysis.update_risk",
}
"""Public name -> where it is defined."""

__all__ = [
    "Access",
    "Adapter",
    "Cases",
    "Detector",
    "Organism",
    "OwnWorld",
    "Score",
    "Site",
    "Suspect",
    "WithOptions",
    "audit",
    "capture",
    "grow",
    "load_reference",
    "probe",
    "probe_texts",
    "run",
    "score",
    "sweep",
    "update_risk",
]


def __getattr__(name: str) -> Any:
    """Import a public name from where it is defined."""
    if name not in _PLACES:
        raise AttributeError(f"module 'mesascope' has no {name!r}; it has {', '.join(__all__)}")
    require_own_packages()
    module, _, attribute = _PLACES[name].rpartition(".")
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted(__all__)
