"""Remove what linear probes can read of a concept, with the least change of the activations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from probes.linear.moments import Moments
from probes.network.capture import at_least_single

RANK_TOLERANCE = 1e-9
"""Eigenvalues and singular values below this share of the largest count as zero."""

CONSTANT = 1e-13
"""Standard deviations below this share of the mean's norm are rounding: the rows are constant."""


@dataclass(frozen=True)
class Eraser:
    """An affine map x - (x - mean) Rᵀ Lᵀ that leaves no class mean different from the others.

    Attributes:
        left: L, the directions that are taken away.
        right: R, what is read to decide how much of each.
        mean: stays where it is.
    """

    left: Float[Tensor, "width rank"]
    right: Float[Tensor, "rank width"]
    mean: Float[Tensor, " width"]

    def __call__(self, activation: Float[Tensor, "*batch width"]) -> Float[Tensor, "*batch width"]:
        """Activations without the concept, in their own precision; computed in single at least."""
        exact = at_least_single(activation)
        left, right, mean = (part.to(exact) for part in (self.left, self.right, self.mean))
        return (exact - (exact - mean) @ right.T @ left.T).to(activation.dtype)

    @property
    def rank(self) -> int:
        """Dimensions that are taken away: at most one less than classes, 0 of constants."""
        return self.left.shape[1]


def fit_erasers(moments: Moments) -> list[Eraser]:
    """LEACE (Belrose et al. 2023, theorem 4.2) of the targets, one eraser for every position.

    With W the pseudo-inverse root of the covariance of x and P the orthogonal projection onto the
    column space of W Cov(x, z), z the one-hot classes of all targets together, the map is
    x - W⁺ P W (x - mean). Afterwards Cov(x, z) = 0, so that no linear probe fitted by a convex loss
    beats the best constant on these rows, and no other such affine map moves x less in mean square.

    Raises:
        ValueError: fewer than two rows.
    """
    if moments.n < 2:
        raise ValueError(f"an eraser is fitted on two rows or more, got {moments.n}")
    return list(_erasers(moments))


def _erasers(moments: Moments) -> Iterator[Eraser]:
    covariance, cross = moments.scatter / moments.n, moments.deviations / moments.n
    for position in range(len(covariance)):
        values, vectors = torch.linalg.eigh(covariance[position])
        mean = moments.origin[position] + moments.mean[position]
        rounding = (CONSTANT * float(mean.norm())) ** 2
        kept = values > max(rounding, RANK_TOLERANCE * float(values[-1]))
        basis, root = vectors[:, kept], values[kept].sqrt()
        # coordinates in which the rows have unit covariance
        u, sizes, _ = torch.linalg.svd((basis / root).T @ cross[position], full_matrices=False)
        u = u[:, sizes > RANK_TOLERANCE * max([1.0, *sizes.tolist()])]
        yield Eraser((basis * root) @ u, ((basis / root) @ u).T, mean)
