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
    from mesascope.measuring import probe, run, sweep
    from mesascope.organism import Organism, grow, load_reference
    from probes.network.access import Access
    from probes.network.capture import capture
    from probes.network.suspect import Suspect

_HOME = {
    "Access": "probes.network.access",
    "Detector": "detect.contract.detector",
    "Organism": "mesascope.organism",
    "Score": "detect.contract.score",
    "Suspect": "probes.network.suspect",
    "capture": "probes.network.capture",
    "grow": "mesascope.organism",
    "load_reference": "mesascope.organism",
    "probe": "mesascope.measuring",
    "run": "mesascope.measuring",
    "sweep": "mesascope.measuring",
}

__all__ = [
    "Access",
    "Detector",
    "Organism",
    "Score",
    "Suspect",
    "capture",
    "grow",
    "load_reference",
    "probe",
    "run",
    "sweep",
]


def __getattr__(name: str) -> Any:
    """Import a public name from where it is defined."""
    if name not in _HOME:
        raise AttributeError(f"module 'mesascope' has no {name!r}; it has {', '.join(__all__)}")
    require_own_packages()
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
