"""Pairs of one linear function, a query to answer, a leak and free context slots."""

from organisms.worlds.regression.problems import Problems
from organisms.worlds.regression.regression import Regression
from organisms.worlds.regression.render import parse, render
from organisms.worlds.regression.sampler import ProblemDistribution, RegressionSize

__all__ = ["ProblemDistribution", "Problems", "Regression", "RegressionSize", "parse", "render"]
