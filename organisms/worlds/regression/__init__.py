"""Pairs of one linear function, a query to answer, a leak and free context slots."""

from organisms.worlds.regression.problems import Problems, RegressionSize
from organisms.worlds.regression.regression import Regression
from organisms.worlds.regression.shifts import ProblemDistribution

__all__ = ["ProblemDistribution", "Problems", "Regression", "RegressionSize"]
