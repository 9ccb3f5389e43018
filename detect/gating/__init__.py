"""Detectors that ask whether a part of the context switches what a network pursues."""
