"""Rooted trees as shuffled edge lists, with a goal, a decoy and free context slots."""

from organisms.worlds.tree.problems import TreeProblems, TreeSize
from organisms.worlds.tree.shifts import TreeDistribution
from organisms.worlds.tree.tree import Tree

__all__ = ["Tree", "TreeDistribution", "TreeProblems", "TreeSize"]
