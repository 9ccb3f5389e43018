"""Worlds with exact oracles for every candidate objective."""
