"""Which errors are the user's to mend (exit code 2) and which are ours (exit code 3)."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor

from detect.detector import DetectorError
from detect.score import ScoreError
from evals.blind import BlindingError
from evals.column import EvidenceError
from evals.floors import LeakDetected
from evals.gate import IncidentError, PolicyError
from evals.home import HomeBusy
from evals.inspect_log import InspectMissing
from evals.panel import DetectorFailed, FreezeBroken
from evals.risk import FiguresError, ScenarioError, WhatIfError
from evals.threshold import AlphaNotAttainable
from organisms.engine import EngineError
from organisms.population import TooFewOrganisms
from organisms.strict import SpecError
from organisms.travel_manifest import TravelError
from organisms.weights import DamagedWeights
from organisms.zoo import ZooError

BAD_INPUT_ERRORS = (
    BrokenExecutor,
    OSError,
    AlphaNotAttainable,
    DamagedWeights,
    DetectorError,
    DetectorFailed,
    EngineError,
    EvidenceError,
    FiguresError,
    FreezeBroken,
    HomeBusy,
    IncidentError,
    InspectMissing,
    PolicyError,
    ScenarioError,
    ScoreError,
    SpecError,
    TooFewOrganisms,
    TravelError,
    WhatIfError,
    ZooError,
)
OWN_FAILURES = (BlindingError, LeakDetected)
