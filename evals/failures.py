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
from evals.named_suspect import NoSuchSuspect
from evals.panel import DetectorFailed, FreezeBroken
from evals.probing import ProbingError
from evals.risk.figures import FiguresError, QuestionError
from evals.threshold import AlphaNotAttainable
from organisms.engine import EngineError
from organisms.population import TooFewOrganisms
from organisms.strict import SpecError
from organisms.travel_manifest import TravelError
from organisms.weights import DamagedWeights
from organisms.zoo import ZooError
from probes.capture import UnknownSite
from probes.features import FeatureError
from probes.folds import FoldError
from probes.logistic import NotConverged
from probes.targets import TargetError

BAD_INPUT_ERRORS = (
    BrokenExecutor,
    OSError,
    AlphaNotAttainable,
    DamagedWeights,
    DetectorError,
    DetectorFailed,
    EngineError,
    EvidenceError,
    FeatureError,
    FiguresError,
    FoldError,
    FreezeBroken,
    HomeBusy,
    IncidentError,
    NoSuchSuspect,
    NotConverged,
    InspectMissing,
    PolicyError,
    ProbingError,
    ScoreError,
    SpecError,
    TargetError,
    TooFewOrganisms,
    QuestionError,
    TravelError,
    UnknownSite,
    ZooError,
)
OWN_FAILURES = (BlindingError, LeakDetected)
