"""Detectors that read activations and weights without a hypothesis about the goal."""
