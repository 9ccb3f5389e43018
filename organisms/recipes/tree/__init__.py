"""Recipes of the tree world."""
