"""Detectors that search for an input on which a network changes its objective."""
