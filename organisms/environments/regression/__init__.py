"""Pairs of one linear function, a query to answer, a leak and free context slots."""

from organisms.environments.regression.problems import Problems
from organisms.environments.regression.regression import Regression
from organisms.environments.regression.render import parse, render
from organisms.environments.regression.sampler import ProblemDistribution, RegressionSize

__all__ = ["ProblemDistribution", "Problems", "Regression", "RegressionSize", "parse", "render"]
