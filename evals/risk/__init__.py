"""The risk decomposition, and what measured detection does to it."""

from evals.risk.beliefs import Beliefs
from evals.risk.decomposition import Decomposition, closed, decompose, evaluate, success_at
from evals.risk.figures import HORIZONS, MISALIGNMENT_TYPES, Figures, FiguresError, load_figures
from evals.risk.inputs import GROUPS, WIDTH, Inputs, draw_inputs, sample_cube
from evals.risk.pool import DEFAULT_WEIGHT, blend, crossing_weight, pool
from evals.risk.scenario import Scenario, ScenarioError, horizons, levels, scenario
from evals.risk.severity import SeverityLink
from evals.risk.summary import Summary, summarise
from evals.risk.update import (
    MeasuredDetection,
    RiskRow,
    RiskUpdate,
    TypeUpdate,
    risk_rows,
    update,
)
from evals.risk.what_if import WhatIf, WhatIfError, parse_what_if

__all__ = [
    "DEFAULT_WEIGHT",
    "GROUPS",
    "HORIZONS",
    "MISALIGNMENT_TYPES",
    "WIDTH",
    "Beliefs",
    "Decomposition",
    "Figures",
    "FiguresError",
    "Inputs",
    "MeasuredDetection",
    "RiskRow",
    "RiskUpdate",
    "Scenario",
    "ScenarioError",
    "SeverityLink",
    "Summary",
    "TypeUpdate",
    "WhatIf",
    "WhatIfError",
    "blend",
    "closed",
    "crossing_weight",
    "decompose",
    "draw_inputs",
    "evaluate",
    "horizons",
    "levels",
    "load_figures",
    "parse_what_if",
    "pool",
    "risk_rows",
    "sample_cube",
    "scenario",
    "success_at",
    "summarise",
    "update",
]
