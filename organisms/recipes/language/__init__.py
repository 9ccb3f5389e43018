"""Recipes of the language world: fine-tunes of one shared base."""
