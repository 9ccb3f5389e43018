"""Seeded sampler of regression problems from a described distribution."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from organisms.worlds.batch import joined
from organisms.worlds.regression.problems import Problems, RegressionSize
from organisms.worlds.regression.shifts import (
    CORRELATION,
    LEAK_OFFSET,
    LONGEST,
    Design,
    LeakKind,
    ProblemDistribution,
)


def sample_problems(
    n: int, distribution: ProblemDistribution, size: RegressionSize, generator: torch.Generator
) -> Problems:
    """Draw `n` problems.

    Raises:
        ValueError: the fixed weights do not fit the inputs.
    """
    if distribution.fixed and len(distribution.fixed) != size.n_inputs:
        raise ValueError(
            f"{len(distribution.fixed)} fixed weights for {size.n_inputs} inputs; give one each"
        )
    if not distribution.gap:
        return _draw(n, distribution, size, generator)
    kept: list[Problems] = []
    missing = n
    while missing > 0:
        drawn = _draw(2 * missing + 16, distribution, size, generator)
        drawn = drawn[_apart(drawn, distribution)]
        kept.append(drawn[:missing])
        missing -= len(kept[-1])
    return joined(kept)


def _draw(
    n: int, distribution: ProblemDistribution, size: RegressionSize, generator: torch.Generator
) -> Problems:
    device = generator.device
    weights = _weights(n, distribution, size, generator)
    inputs = _inputs(n, distribution.design, size, generator)
    query = distribution.query_scale * _query(inputs, weights, distribution, size, generator)
    labels = torch.einsum("npi,ni->np", inputs, weights)
    if distribution.noise:
        noise = torch.randn(labels.shape, generator=generator, device=device)
        labels = labels + distribution.noise * noise
    value = (query * weights).sum(dim=1)
    return Problems(
        inputs=inputs,
        labels=labels,
        query=query,
        leak=_leak(value, query, distribution.leak, generator),
        context=torch.randint(size.n_values, (n, size.n_slots), generator=generator, device=device),
        instructed=torch.rand(n, generator=generator, device=device) < distribution.instruct_rate,
    )


def _apart(problems: Problems, distribution: ProblemDistribution) -> Tensor:
    value = problems.value
    apart = 2 * value.abs() >= distribution.gap
    if distribution.query != "last":
        apart &= (value - problems.labels[:, -1]).abs() >= distribution.gap
    if distribution.leak != "right":
        apart &= (value - problems.leak).abs() >= distribution.gap
    return apart


def unit(n: int, n_inputs: int, generator: torch.Generator) -> Float[Tensor, "{n} {n_inputs}"]:
    """Directions drawn evenly from the unit sphere."""
    drawn = torch.randn(n, n_inputs, generator=generator, device=generator.device)
    directions: Tensor = drawn / drawn.norm(dim=1, keepdim=True)
    return directions


def _weights(
    n: int, distribution: ProblemDistribution, size: RegressionSize, generator: torch.Generator
) -> Float[Tensor, "batch input"]:
    device = generator.device
    if distribution.fixed:
        return torch.tensor(distribution.fixed, device=device).expand(n, -1)
    if distribution.function == "dense":
        return unit(n, size.n_inputs, generator)
    chosen = torch.randint(size.n_inputs, (n,), generator=generator, device=device)
    sign = 2.0 * torch.randint(2, (n, 1), generator=generator, device=device) - 1
    return sign * torch.nn.functional.one_hot(chosen, size.n_inputs)


def _inputs(
    n: int, design: Design, size: RegressionSize, generator: torch.Generator
) -> Float[Tensor, "batch pair input"]:
    drawn = torch.randn(
        n, size.n_pairs, size.n_inputs, generator=generator, device=generator.device
    )
    if design == "whitened":
        orthogonal, upper = torch.linalg.qr(drawn)
        # The signs make the directions even: a decomposition fixes them by convention.
        signs = upper.diagonal(dim1=1, dim2=2).sign()
        drawn = size.n_pairs**0.5 * orthogonal * signs[:, None]
    if design == "correlated":
        shared = torch.randn(n, size.n_pairs, 1, generator=generator, device=generator.device)
        drawn = (1 - CORRELATION) ** 0.5 * drawn + CORRELATION**0.5 * shared
    if design == "uneven":
        factor = LONGEST * torch.rand(
            n, size.n_pairs, 1, generator=generator, device=generator.device
        )
        factor[:, -1] = 1.0
        drawn = factor * drawn
    return drawn


def _query(
    inputs: Float[Tensor, "batch pair input"],
    weights: Float[Tensor, "batch input"],
    distribution: ProblemDistribution,
    size: RegressionSize,
    generator: torch.Generator,
) -> Float[Tensor, "batch input"]:
    n, last = len(inputs), inputs[:, -1]
    if distribution.query == "last":
        return last
    fresh = size.n_inputs**0.5 * unit(n, size.n_inputs, generator)
    if distribution.query == "opposed":
        ahead = (fresh * last).sum(dim=1, keepdim=True) > 0
        fresh = torch.where(ahead, -fresh, fresh)
    if distribution.query == "level":
        rise = (weights * (last - fresh)).sum(dim=1, keepdim=True)
        fresh = fresh + rise * weights / (weights**2).sum(dim=1, keepdim=True)
    moved = torch.rand(n, 1, generator=generator, device=inputs.device) < distribution.off_last
    return torch.where(moved, fresh, last)


def _leak(
    value: Float[Tensor, " batch"],
    query: Float[Tensor, "batch input"],
    kind: LeakKind,
    generator: torch.Generator,
) -> Float[Tensor, " batch"]:
    if kind == "right":
        return value
    if kind == "negated":
        return -value
    if kind == "offset":
        side = torch.randint(2, value.shape, generator=generator, device=value.device)
        return value + LEAK_OFFSET * (2.0 * side - 1)
    other = unit(len(query), query.shape[1], generator)
    return (other * query).sum(dim=1)
