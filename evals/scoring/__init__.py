"""Suspects scored by detectors while the truth is sealed."""
