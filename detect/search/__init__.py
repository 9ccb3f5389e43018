"""Detectors that ask whether a network searches."""
