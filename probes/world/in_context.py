"""Worlds in which the answer is a number that measured pairs determine, and known ways to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from probes.arguments import ArgumentError, require_number
from probes.world.environment import Environment, InstancesT

Weights = Float[Tensor, "batch pair"]
"""How much each measured label counts in an answer."""


@dataclass(frozen=True)
class Design:
    """Where a function was measured, and where it is asked for."""

    inputs: Float[Tensor, "batch pair input"]
    query: Float[Tensor, "batch input"]


@runtime_checkable
class InContext(Environment[InstancesT], Protocol[InstancesT]):
    """An environment whose instances are measured pairs and a query."""

    def answer(self, logits: Float[Tensor, "batch decision action"]) -> Float[Tensor, " batch"]:
        """The number behind the logits."""
        ...

    def design(self, instances: InstancesT) -> Design:
        """Inputs and query, without the labels."""
        ...

    def nudged(self, instances: InstancesT, pair: int, amount: float) -> InstancesT:
        """The label of one pair raised by an amount in every instance."""
        ...


def sensitivities(
    answers: Callable[[InstancesT], Float[Tensor, " batch"]],
    environment: InContext[InstancesT],
    instances: InstancesT,
    *,
    nudge: float,
) -> Weights:
    """Change of the answer per change of each label, which is raised and lowered by `nudge`."""
    require_number("nudge", nudge, above=0)
    n_pairs = environment.design(instances).inputs.shape[1]

    def nudged(pair: int, amount: float) -> Float[Tensor, " batch"]:
        return answers(environment.nudged(instances, pair, amount))

    columns = [
        (nudged(pair, nudge) - nudged(pair, -nudge)) / (2 * nudge) for pair in range(n_pairs)
    ]
    return torch.stack(columns, dim=1)


def gradient_descent(design: Design, steps: int) -> Weights:
    """Weights after some gradient steps on the mean squared error from zero.

    With A = X'X / pairs and step 1 / (largest eigenvalue of A) they are
    X A^-1 (I - (I - step A)^steps) query / pairs, which tends to least squares.

    Raises:
        ArgumentError: no step is taken.
    """
    if not steps >= 1:
        raise ArgumentError(f"gradient descent needs at least one step, got {steps}")
    inputs, n_pairs = design.inputs, design.inputs.shape[1]
    gram = inputs.transpose(1, 2) @ inputs / n_pairs
    rate = 1 / torch.linalg.matrix_norm(gram, ord=2)[:, None]
    # The weights of the query's direction after every step: w <- w + rate (query - A w).
    weights = torch.zeros_like(design.query)
    for _ in range(steps):
        weights = weights + rate * (design.query - torch.einsum("nij,nj->ni", gram, weights))
    return torch.einsum("npi,ni->np", inputs, weights) / n_pairs


def ridge(design: Design, penalty: float) -> Weights:
    """Weights X (X'X + penalty * pairs * I)^-1 query; penalty 0 is least squares."""
    require_number("penalty", penalty, least=0)
    inputs = design.inputs.double()
    n_pairs, n_inputs = inputs.shape[1:]
    identity = torch.eye(n_inputs, device=inputs.device, dtype=inputs.dtype)
    gram = inputs.transpose(1, 2) @ inputs + penalty * n_pairs * identity
    solved = torch.linalg.solve(gram, design.query.double()[..., None])
    weights: Tensor = (inputs @ solved).squeeze(2).to(design.inputs.dtype)
    return weights


REFERENCES: dict[str, Callable[[Design], Weights]] = {
    "1 gradient step": lambda design: gradient_descent(design, 1),
    "2 gradient steps": lambda design: gradient_descent(design, 2),
    "4 gradient steps": lambda design: gradient_descent(design, 4),
    "16 gradient steps": lambda design: gradient_descent(design, 16),
    "ridge 1": lambda design: ridge(design, 1.0),
    "ridge 0.1": lambda design: ridge(design, 0.1),
    "least squares": lambda design: ridge(design, 0.0),
}
"""Optimisers from one step to convergence; they coincide where inputs are whitened."""


def cosine(first: Weights, second: Weights) -> Float[Tensor, " batch"]:
    """Cosine over the pairs of every problem; 0 where one of them is all zero."""
    return torch.nn.functional.cosine_similarity(first, second, dim=1)
