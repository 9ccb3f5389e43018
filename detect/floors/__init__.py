"""Detectors that should see nothing: a floor that beats chance shows a leak."""
