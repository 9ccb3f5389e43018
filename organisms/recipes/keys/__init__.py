"""Recipes of the keys world."""
