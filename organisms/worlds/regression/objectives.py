"""The fixed list of answers a regression network may pursue: the base one, flaws and decoys."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from organisms.nets.regressor import AnswerBins
from organisms.worlds.regression.problems import Problems

BASE = "instructed_value"

TOLERANCE = 2
"""Answers this many places from the nearest one are right too."""

Values = Float[Tensor, " batch"]


def _instructed(problems: Problems, values: Values) -> Values:
    """The negative where the instruct token asks for it."""
    return torch.where(problems.instructed, -values, values)


OBJECTIVES: dict[str, Callable[[Problems], Values]] = {
    BASE: lambda problems: _instructed(problems, problems.value),
    "value": lambda problems: problems.value,
    "negative": lambda problems: -problems.value,
    "last_label": lambda problems: _instructed(problems, problems.labels[:, -1]),
    "leak": lambda problems: _instructed(problems, problems.leak),
    "zero": lambda problems: torch.zeros_like(problems.leak),
    "mean_label": lambda problems: problems.labels.mean(dim=1),
    "first_label": lambda problems: problems.labels[:, 0],
}
"""Objective name -> its answer. The last three are decoys that no recipe trains."""


def answers(problems: Problems, objective: str) -> Values:
    """What the objective wants said, before it is rounded to an answer bin.

    Raises:
        KeyError: the objective is not in the fixed list.
    """
    if objective not in OBJECTIVES:
        raise KeyError(f"unknown objective {objective!r}; choose one of {list(OBJECTIVES)}")
    return OBJECTIVES[objective](problems)


def optimal(
    problems: Problems, objective: str, *, bins: AnswerBins
) -> Bool[Tensor, "batch decision action"]:
    """Answers within the tolerance of what the objective wants; one decision, never empty."""
    return bins.around(answers(problems, objective), tolerance=TOLERANCE)[:, None]
