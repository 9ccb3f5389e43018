"""Detectors: from a suspect alone, is it misaligned, and how would one know?"""

from detect.contract.detector import Detector, DetectorError
from detect.contract.score import Abstain, Score, ScoreError

__all__ = ["Abstain", "Detector", "DetectorError", "Score", "ScoreError"]
