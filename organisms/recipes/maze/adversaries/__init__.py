"""Maze networks that train against detectors."""
