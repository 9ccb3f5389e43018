"""The built-in battery by name, and detectors from elsewhere by reference."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from detect.behaviour.adversarial_probing import AdversarialProbing
from detect.behaviour.distractor_sensitivity import DistractorSensitivity
from detect.behaviour.goal_swap import GoalSwap
from detect.behaviour.gradient_probing import GradientProbing
from detect.behaviour.ood_battery import OodBattery
from detect.behaviour.reward_model import RewardModel
from detect.contract.detector import Detector, DetectorError, require_detector
from detect.floors.in_distribution import InDistribution
from detect.floors.metadata import Metadata
from detect.floors.random_score import RandomScore
from detect.floors.weight_norm import WeightNorm
from detect.gating.awareness import Awareness
from detect.gating.context_gating import ContextGating
from detect.gating.deceptive_capability import DeceptiveCapability
from detect.goals.goal_decodability import GoalDecodability
from detect.goals.goal_steering import GoalSteering
from detect.goals.goal_use import GoalUse
from detect.inside.activation_noise import ActivationNoise
from detect.inside.anomaly import IsolationForest, Mahalanobis
from detect.inside.twin_diffing import TwinDiffing
from detect.inside.weight_noise import WeightNoise
from detect.inside.weight_statistics import WeightStatistics
from detect.search.compute_scaling import ComputeScaling
from detect.search.distal_counterfactual import DistalCounterfactual
from detect.search.goal_retarget import GoalRetarget
from detect.search.in_context_optimiser import InContextOptimiser
from detect.search.plan_membership import PlanMembership
from detect.search.plan_probe import PlanProbe
from detect.search.plan_swap import PlanSwap
from detect.search.search_verdict import SearchVerdict
from detect.triggers.context_screen import ContextScreen
from detect.triggers.homotopy_search import HomotopySearch
from detect.triggers.trigger_search import TriggerSearch

_CLASSES: tuple[type[Detector], ...] = (
    RandomScore,
    Metadata,
    InDistribution,
    WeightNorm,
    OodBattery,
    GoalSwap,
    GoalDecodability,
    ContextScreen,
    TriggerSearch,
    HomotopySearch,
    DistalCounterfactual,
    GoalRetarget,
    PlanSwap,
    InContextOptimiser,
    PlanProbe,
    PlanMembership,
    ComputeScaling,
    SearchVerdict,
    RewardModel,
    DistractorSensitivity,
    AdversarialProbing,
    GradientProbing,
    Mahalanobis,
    IsolationForest,
    WeightNoise,
    ActivationNoise,
    GoalSteering,
    GoalUse,
    ContextGating,
    WeightStatistics,
    TwinDiffing,
    Awareness,
    DeceptiveCapability,
)

DETECTORS: dict[str, type[Detector]] = {kind.name: kind for kind in _CLASSES}
"""Detector name -> class; every class is built without arguments."""


def load_detector(reference: str) -> type[Detector]:
    """Find a detector class.

    Args:
        reference: name of a built-in, `package.module:Class`, or `path/to/file.py:Class`.

    Raises:
        DetectorError: nothing is there, it does not import, or it does not keep the contract.
    """
    if reference in DETECTORS:
        return DETECTORS[reference]
    place, name = split_reference(reference)
    module = _load_file(Path(place)) if place.endswith(".py") else _load_module(place)
    if not hasattr(module, name):
        raise DetectorError(f"{place!r} has no {name!r}; check the name after the colon")
    return require_detector(getattr(module, name))


def split_reference(reference: str) -> tuple[str, str]:
    """Place and class of a reference, without importing anything.

    Raises:
        DetectorError: it names no class, or a file that is not there.
    """
    place, colon, name = reference.rpartition(":")
    if not colon or not place or not name:
        raise DetectorError(
            f"no detector {reference!r}; choose one of {sorted(DETECTORS)}, or write "
            "'package.module:Class' or 'path/to/file.py:Class'"
        )
    if place.endswith(".py") and not Path(place).is_file():
        raise DetectorError(f"no file {place!r}; give the path of a Python file")
    return place, name


def _load_module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # a stranger's code may raise anything
        raise DetectorError(f"cannot import {name!r}: {error}") from error


def _load_file(path: Path) -> ModuleType:
    name = f"mesascope_detector_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise DetectorError(f"{str(path)!r} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a stranger's code may raise anything
        del sys.modules[name]
        raise DetectorError(f"cannot import {str(path)!r}: {error}") from error
    return module
