"""The risk decomposition, and what measured detection does to it."""

from evals.risk.decomposition import Decomposition, decompose, decompose_draws
from evals.risk.figures import HORIZONS, MISALIGNMENT_TYPES, Figures, FiguresError, load_figures
from evals.risk.inputs import (
    GROUPS,
    HorizonDraws,
    TypeDraws,
    horizon_draws,
    sample_cube,
    type_draws,
)
from evals.risk.pool import DEFAULT_WEIGHT, crossing_weight, measured_success, pool
from evals.risk.severity import SeverityLink
from evals.risk.summary import Summary, summarise
from evals.risk.update import MeasuredDetection, RiskRow, RiskUpdate, TypeUpdate, update

__all__ = [
    "DEFAULT_WEIGHT",
    "GROUPS",
    "HORIZONS",
    "MISALIGNMENT_TYPES",
    "Decomposition",
    "Figures",
    "FiguresError",
    "HorizonDraws",
    "MeasuredDetection",
    "RiskRow",
    "RiskUpdate",
    "SeverityLink",
    "Summary",
    "TypeDraws",
    "TypeUpdate",
    "crossing_weight",
    "decompose",
    "decompose_draws",
    "horizon_draws",
    "load_figures",
    "measured_success",
    "pool",
    "sample_cube",
    "summarise",
    "type_draws",
    "update",
]
