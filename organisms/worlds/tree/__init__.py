"""Rooted trees as shuffled edge lists, with a goal, a decoy and free context slots."""

from organisms.worlds.tree.problems import TreeProblems
from organisms.worlds.tree.render import parse, render
from organisms.worlds.tree.sampler import TreeDistribution, TreeSize
from organisms.worlds.tree.tree import Tree

__all__ = ["Tree", "TreeDistribution", "TreeProblems", "TreeSize", "parse", "render"]
