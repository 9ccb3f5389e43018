"""The built-in detectors by name, and detectors from elsewhere by reference."""

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
from detect.floors.floors import InDistribution, Metadata, RandomScore, WeightNorm
from detect.gating.awareness import Awareness
from detect.gating.context_gating import ContextGating
from detect.gating.deceptive_capability import DeceptiveCapability
from detect.goals.goal_representation import GoalDecodability, GoalSteering, GoalUse
from detect.inside.anomaly import IsolationForest, Mahalanobis
from detect.inside.noise import ActivationNoise, WeightNoise
from detect.inside.twin_diffing import TwinDiffing
from detect.inside.weight_statistics import WeightStatistics
from detect.search.compute_scaling import ComputeScaling
from detect.search.first_step import DistalCounterfactual, GoalRetarget
from detect.search.in_context_optimiser import InContextOptimiser
from detect.search.plan_probe import PlanMembership, PlanProbe
from detect.search.plan_swap import PlanSwap
from detect.search.search_verdict import SearchVerdict
from detect.triggers.homotopy_search import HomotopySearch
from detect.triggers.trigger_search import ContextScreen, TriggerSearch

DETECTORS: dict[str, type[Detector]] = {
    "random_score": RandomScore,
    "metadata": Metadata,
    "in_distribution": InDistribution,
    "weight_norm": WeightNorm,
    "ood_battery": OodBattery,
    "goal_swap": GoalSwap,
    "goal_decodability": GoalDecodability,
    "context_screen": ContextScreen,
    "trigger_search": TriggerSearch,
    "homotopy_search": HomotopySearch,
    "distal_counterfactual": DistalCounterfactual,
    "goal_retarget": GoalRetarget,
    "plan_swap": PlanSwap,
    "in_context_optimiser": InContextOptimiser,
    "plan_probe": PlanProbe,
    "plan_membership": PlanMembership,
    "compute_scaling": ComputeScaling,
    "search_verdict": SearchVerdict,
    "reward_model": RewardModel,
    "distractor_sensitivity": DistractorSensitivity,
    "adversarial_probing": AdversarialProbing,
    "gradient_probing": GradientProbing,
    "mahalanobis": Mahalanobis,
    "isolation_forest": IsolationForest,
    "weight_noise": WeightNoise,
    "activation_noise": ActivationNoise,
    "goal_steering": GoalSteering,
    "goal_use": GoalUse,
    "context_gating": ContextGating,
    "weight_statistics": WeightStatistics,
    "twin_diffing": TwinDiffing,
    "awareness": Awareness,
    "deceptive_capability": DeceptiveCapability,
}
"""Detector name -> class; every class can be built without arguments."""


def load_detector(reference: str) -> type[Detector]:
    """Find a class by built-in name, `package.module:Class` or `path/to/file.py:Class`.

    Raises:
        DetectorError: nothing is there, it does not import, or it does not keep the contract.
    """
    if reference in DETECTORS:
        return DETECTORS[reference]
    place, name = split_reference(reference)
    try:
        module = _run_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
    except (Exception, SystemExit) as error:  # a stranger's code may raise anything
        raise DetectorError(f"cannot import {place!r}: {error}") from error
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


def _run_file(path: Path) -> ModuleType:
    name = f"mesascope_detector_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None  # a path that ends in .py has a loader
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
