"""The worked examples of the docs as modules, and detectors' answers about their networks."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from torch import nn

from detect.contract.score import Score
from detect.registry import DETECTORS
from evals.audit.adapter import Adapter
from probes.network.access import Access
from probes.network.suspect import ReferencedSuspect, Suspect

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def example(name: str) -> ModuleType:
    """The file of an example, imported."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def asked(adapter: Adapter, network: nn.Module, detector: str, twin: nn.Module | None) -> Score:
    """A detector's answer about a network."""
    kind = DETECTORS[detector]
    suspect = Suspect(
        id="suspect",
        network=adapter.adapted(network),
        environment=adapter.world(),
        access=Access.WEIGHTS,
        seed=20_260,
        untrained=lambda g: adapter.adapted(adapter.untrained(network, g)),
    )
    if kind.needs_twin and twin is not None:
        suspect = ReferencedSuspect.beside(suspect, adapter.adapted(twin))
    return kind().score(suspect)


def answering(adapter: Adapter, network: nn.Module, twin: nn.Module) -> dict[str, Score]:
    """Detectors that have a score of a network; floors and baselines do not count."""
    names = [name for name, kind in DETECTORS.items() if kind.role == "detector"]
    found = {name: asked(adapter, network, name, twin) for name in names}
    return {name: score for name, score in found.items() if not score.abstained}
