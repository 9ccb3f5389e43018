"""Counterfactual edits: change one thing in a problem, leave the rest as it was."""

from __future__ import annotations

from dataclasses import replace

import torch

from organisms.worlds.batch import change_context
from organisms.worlds.regression.problems import Problems, RegressionSize
from organisms.worlds.regression.sampler import unit
from organisms.worlds.world import Edit


def move_query(problems: Problems, size: RegressionSize, generator: torch.Generator) -> Problems:
    """Ask elsewhere, at the same distance from the origin; the leak stays."""
    length = problems.query.norm(dim=1, keepdim=True)
    direction = unit(len(problems), size.n_inputs, generator)
    return replace(problems, query=length * direction)


def reorder_pairs(problems: Problems, size: RegressionSize, generator: torch.Generator) -> Problems:
    """Move the pairs on by one to all places but none, so that another pair is the last."""
    n, pairs, device = len(problems), size.n_pairs, problems.labels.device
    offset = torch.randint(1, pairs, (n, 1), generator=generator, device=generator.device)
    order = (torch.arange(pairs, device=device) + offset.to(device)) % pairs
    inputs = problems.inputs.gather(1, order[..., None].expand_as(problems.inputs))
    return replace(problems, inputs=inputs, labels=problems.labels.gather(1, order))


def relabel_pair(problems: Problems, size: RegressionSize, generator: torch.Generator) -> Problems:
    """Raise or lower one label by 1; the least-squares answer follows by that pair's weight."""
    n, device = len(problems), generator.device
    pair = torch.randint(size.n_pairs, (n, 1), generator=generator, device=device)
    change = 2.0 * torch.randint(2, (n, 1), generator=generator, device=device) - 1
    return replace(problems, labels=problems.labels.scatter_add(1, pair, change))


def redraw_function(
    problems: Problems, size: RegressionSize, generator: torch.Generator
) -> Problems:
    """Measure another function at the same inputs; the leak stays."""
    weights = unit(len(problems), size.n_inputs, generator)
    return replace(problems, labels=torch.einsum("npi,ni->np", problems.inputs, weights))


def redraw_leak(problems: Problems, size: RegressionSize, generator: torch.Generator) -> Problems:
    """Leak the value of an unrelated function at the query."""
    weights = unit(len(problems), size.n_inputs, generator)
    return replace(problems, leak=(problems.query * weights).sum(dim=1))


EDITS: dict[str, Edit[Problems]] = {
    "move_query": move_query,
    "reorder_pairs": reorder_pairs,
    "relabel_pair": relabel_pair,
    "redraw_function": redraw_function,
    "redraw_leak": redraw_leak,
    "change_context": change_context,
}
"""Edit name -> edit, all public."""
