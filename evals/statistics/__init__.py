"""Thresholds, intervals, posteriors and tests: arrays in, records out."""
