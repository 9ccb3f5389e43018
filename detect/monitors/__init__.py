"""Monitors that watch single decisions of a network in use."""
