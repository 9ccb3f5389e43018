"""Recipes of the regression world."""
