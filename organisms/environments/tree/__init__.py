"""Rooted trees as shuffled edge lists, with a goal, a decoy and free context slots."""

from organisms.environments.tree.problems import TreeProblems
from organisms.environments.tree.render import parse, render
from organisms.environments.tree.sampler import TreeDistribution, TreeSize
from organisms.environments.tree.tree import Tree

__all__ = ["Tree", "TreeDistribution", "TreeProblems", "TreeSize", "parse", "render"]
