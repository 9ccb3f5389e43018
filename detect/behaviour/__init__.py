"""Detectors that only watch what a network answers."""
