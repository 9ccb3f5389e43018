"""Which errors are the user's to mend (exit code 2) and which are ours (exit code 3)."""

from __future__ import annotations

from detect.detector import DetectorError
from detect.score import ScoreError
from evals.blind import BlindingError
from evals.evidence import EvidenceError
from evals.floors import LeakDetected
from evals.freeze import FreezeBroken
from evals.panel import DetectorFailed
from evals.risk.figures import FiguresError
from evals.run import HomeBusy
from evals.threshold import AlphaNotAttainable
from organisms.population import TooFewOrganisms
from organisms.spec import SpecError
from organisms.weights import DamagedWeights
from organisms.zoo import ZooError

BAD_INPUT_ERRORS = (
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
