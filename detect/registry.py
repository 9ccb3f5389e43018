"""The built-in detectors by name, and detectors from elsewhere by reference."""

from __future__ import annotations

from pathlib import Path

from detect.behaviour.adversarial_probing import AdversarialProbing
from detect.behaviour.distractor_sensitivity import DistractorSensitivity
from detect.behaviour.goal_swap import GoalSwap
from detect.behaviour.gradient_probing import GradientProbing
from detect.behaviour.ood_battery import OodBattery
from detect.behaviour.reward_model import RewardModel
from detect.contract.detector import Detector, DetectorError
from detect.contract.elsewhere import load_elsewhere
from detect.contract.probe_file import ENDING, probe_detector
from detect.floors.floors import InDistribution, Metadata, RandomScore, WeightNorm
from detect.gating.awareness import Awareness
from detect.gating.context_gating import ContextGating
from detect.gating.deceptive_capability import DeceptiveCapability
from detect.goals.goal_representation import GoalDecodability, GoalSteering, GoalUse
from detect.honesty.deception_probe import DeceptionProbe
from detect.honesty.fact_and_claim import FactAndClaim
from detect.inside.anomaly import IsolationForest, Mahalanobis
from detect.inside.model_diffing import ModelDiffing
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
    "model_diffing": ModelDiffing,
    "fact_and_claim": FactAndClaim,
    "deception_probe": DeceptionProbe,
    "awareness": Awareness,
    "deceptive_capability": DeceptiveCapability,
}
"""Detector name -> class; every class can be built without arguments."""


def load_detector(reference: str) -> type[Detector]:
    """Find a class by built-in name, `package.module:Class` or `path/to/file.py:Class`.

    A file `probe.safetensors` that `mesascope probe --save` wrote is a detector too.

    Raises:
        DetectorError: nothing is there, it does not import, or it does not keep the contract.
    """
    if reference in DETECTORS:
        return DETECTORS[reference]
    if reference.endswith(ENDING):
        return probe_detector(Path(reference))
    if ":" not in reference.rstrip(":"):
        raise DetectorError(
            f"no detector {reference!r}; choose one of {sorted(DETECTORS)}, or write "
            "'package.module:Class' or 'path/to/file.py:Class'"
        )
    return load_elsewhere(reference)
