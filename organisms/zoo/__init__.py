"""Organisms on disk: specification, weights, certificate."""
