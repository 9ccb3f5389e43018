"""Which errors are the user's to mend (exit code 2) and which are ours (exit code 3)."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor

from detect.detector import DetectorError
from detect.score import ScoreError
from evals.blind import BlindingError
from evals.evidence import EvidenceError
from evals.floors import LeakDetected
from evals.home import HomeBusy
from evals.panel import DetectorFailed, FreezeBroken
from evals.risk.figures import FiguresError
from evals.threshold import AlphaNotAttainable
from organisms.population import TooFewOrganisms
from organisms.spec import SpecError
from organisms.weights import DamagedWeights
from organisms.zoo import ZooError

BAD_INPUT_ERRORS = (
    BrokenExecutor,
    OSError,
    AlphaNotAttainable,
    DamagedWeights,
    DetectorError,
    DetectorFailed,
    EvidenceError,
    FiguresError,
    FreezeBroken,
    HomeBusy,
    ScoreError,
    SpecError,
    TooFewOrganisms,
    ZooError,
)
OWN_FAILURES = (BlindingError, LeakDetected)
