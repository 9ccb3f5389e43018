"""Recipes of the maze."""
