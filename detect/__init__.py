"""Detectors: from a suspect alone, is it misaligned, and how would one know?"""

from detect.contract.detector import Detector, DetectorError
from detect.contract.score import Score, ScoreError

__all__ = ["Detector", "DetectorError", "Score", "ScoreError"]
