"""Detectors that compare what a network represents with what a user claims."""
