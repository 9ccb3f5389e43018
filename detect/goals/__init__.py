"""Detectors that look for a goal represented inside a network."""
