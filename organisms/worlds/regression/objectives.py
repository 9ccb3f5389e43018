"""The fixed list of answers a regression network may pursue: the base one, flaws and decoys."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from organisms.worlds.regression.problems import Problems

TOLERANCE = 2
"""Answers this many places from the nearest one are right too."""

Values = Float[Tensor, " batch"]


def _instructed(problems: Problems, values: Values) -> Values:
    """The negative where the instruct token asks for it."""
    return torch.where(problems.instructed, -values, values)


OBJECTIVES: dict[str, Callable[[Problems], Values]] = {
    "instructed_value": lambda problems: _instructed(problems, problems.value),
    "value": lambda problems: problems.value,
    "negative": lambda problems: -problems.value,
    "last_label": lambda problems: _instructed(problems, problems.labels[:, -1]),
    "leak": lambda problems: _instructed(problems, problems.leak),
    "zero": lambda problems: torch.zeros_like(problems.leak),
    "mean_label": lambda problems: problems.labels.mean(dim=1),
    "first_label": lambda problems: problems.labels[:, 0],
}
"""Objective name -> its answer. The last three are decoys that no recipe trains."""
