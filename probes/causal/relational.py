"""Probes for relations between two positions: a bilinear score, of full or of low rank."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from probes.errors import MesascopeError
from probes.linear.features import Block

MAX_STEPS = 500
ALTERNATIONS = 30


class RelationError(MesascopeError, ValueError):
    """A relation that no probe can be fitted on."""


@dataclass(frozen=True)
class BilinearProbe:
    """Scores a pair (i, j) by xᵢᵀ A xⱼ with a 1 appended to x, so linear terms are included.

    Attributes:
        left: A = left rightᵀ.
        right: as many columns as `left`; their number is the rank.
        origin: subtracted from x.
    """

    left: Float[Tensor, "augmented rank"]
    right: Float[Tensor, "augmented rank"]
    origin: Float[Tensor, " width"]

    @property
    def matrix(self) -> Float[Tensor, "augmented augmented"]:
        """A."""
        return self.left @ self.right.T

    def scores(
        self, rows: Float[Tensor, "batch position width"]
    ) -> Float[Tensor, "batch position position"]:
        """Score of every pair, first position first."""
        x = _augmented(rows, self.origin)
        return (x @ self.left) @ (x @ self.right).transpose(1, 2)


Blocks = Callable[[], Iterable[Block]]
"""All training instances, to be passed over again and again."""


def fit_bilinear(
    blocks: Blocks,
    relation: Bool[Tensor, "batch position position"],
    *,
    alpha: float,
    tolerance: float = 1e-4,
) -> BilinearProbe:
    """Least squares on all pairs of all instances with penalty alpha |A|², of any rank.

    The normal equations, sum of Gₙ A Gₙ + alpha A = sum of Xₙᵀ Yₙ Xₙ, are solved by conjugate
    gradients with (sum of G) ⊗ (sum of G) / n + alpha for a preconditioner, so that no matrix is
    larger than A.

    Args:
        blocks: activations.
        relation: which pairs are related, for the same instances.
        alpha: penalty, above 0.
        tolerance: residual of the normal equations, relative to their right side, to stop at.

    Raises:
        RelationError: alpha is not positive, all pairs or none are related, numbers of instances
            or positions differ, or the solution does not converge.
    """
    normal = _Normal(blocks, relation, alpha)
    right = normal.right_side()
    solution = torch.zeros_like(right)
    residual = right.clone()
    step = direction = normal.preconditioned(residual)
    fit = (residual * step).sum()
    for _ in range(MAX_STEPS):
        image = normal.apply(direction)
        size = fit / (direction * image).sum()
        solution = solution + size * direction
        residual = residual - size * image
        if residual.norm() <= tolerance * right.norm():
            return BilinearProbe(solution, torch.eye(len(solution)).to(solution), normal.origin)
        step = normal.preconditioned(residual)
        fit, before = (residual * step).sum(), fit
        direction = step + fit / before * direction
    raise RelationError(f"no solution in {MAX_STEPS} steps; raise alpha, got {alpha}")


def fit_low_rank(
    blocks: Blocks,
    relation: Bool[Tensor, "batch position position"],
    *,
    rank: int,
    alpha: float,
) -> BilinearProbe:
    """The same with A of a given rank: exact ridge for one factor after the other.

    Starts from the truncated bilinear solution; one factor is kept orthonormal while the other is
    solved for, so that the penalty stays alpha |A|² and every step lowers the loss.

    Args:
        blocks: activations.
        relation: which pairs are related.
        rank: from 1 to the width + 1.
        alpha: penalty, above 0.

    Raises:
        RelationError: as `fit_bilinear`, or the rank is out of range.
    """
    full = fit_bilinear(blocks, relation, alpha=alpha)
    if not 1 <= rank <= len(full.left):
        raise RelationError(f"the rank lies between 1 and {len(full.left)}, got {rank}")
    normal = _Normal(blocks, relation, alpha)
    u, sizes, vh = torch.linalg.svd(full.matrix)
    left, right = u[:, :rank] * sizes[:rank], vh[:rank].T
    for _ in range(ALTERNATIONS):
        left = normal.factor(torch.linalg.qr(right).Q, transposed=False)
        basis = torch.linalg.qr(left).Q
        right = normal.factor(basis, transposed=True)
        left = basis
    return BilinearProbe(left, right, normal.origin)


def pointer_accuracy(
    scores: Float[Tensor, "batch position position"],
    relation: Bool[Tensor, "batch position position"],
) -> float:
    """Share, in [0, 1], of positions with a partner whose best-scored partner is one of them.

    Raises:
        RelationError: no position has a partner.
    """
    asked = relation.any(dim=2)
    if not bool(asked.any()):
        raise RelationError("no position has a partner, so nothing can be pointed at")
    best = scores.argmax(dim=2, keepdim=True)
    return float(relation.gather(2, best)[..., 0][asked].double().mean())


class _Normal:
    """The normal equations of a bilinear least-squares problem, one block at a time."""

    def __init__(self, blocks: Blocks, relation: Tensor, alpha: float) -> None:
        if alpha <= 0:
            raise RelationError(f"alpha must be positive, got {alpha}")
        self.level = relation.double().mean()
        if not 0 < float(self.level) < 1:
            raise RelationError("all pairs or no pairs are related; a probe needs both kinds")
        self._blocks, self._relation, self.alpha = blocks, relation, alpha
        sums, count = [], 0
        for block in blocks():
            sums.append(block.rows.double().sum(dim=(0, 1)))
            count += block.rows.shape[0] * block.rows.shape[1]
        if count != relation.shape[0] * relation.shape[1]:
            raise RelationError(
                f"the relation is of {relation.shape[0]} x {relation.shape[1]} positions, the "
                f"activations of {count} in all"
            )
        self.origin: Tensor = torch.stack(sums).sum(dim=0) / count
        grams = [x.flatten(0, 1).T @ x.flatten(0, 1) for x, _ in self._pairs()]
        self._values, self._basis = torch.linalg.eigh(torch.stack(grams).sum(dim=0))
        self._n = relation.shape[0]

    def _pairs(self) -> Iterable[tuple[Tensor, Tensor]]:
        for block in self._blocks():
            place = slice(block.start, block.start + len(block.rows))
            wanted = self._relation[place].to(block.rows.device).double() - self.level
            yield _augmented(block.rows.double(), self.origin), wanted

    def right_side(self) -> Tensor:
        """Sum of Xᵀ Y X."""
        return torch.stack([(x.mT @ y @ x).sum(dim=0) for x, y in self._pairs()]).sum(dim=0)

    def apply(self, matrix: Tensor) -> Tensor:
        """Sum of G A G, plus alpha A."""
        parts = [(x.mT @ (x @ matrix @ x.mT) @ x).sum(dim=0) for x, _ in self._pairs()]
        return torch.stack(parts).sum(dim=0) + self.alpha * matrix

    def preconditioned(self, matrix: Tensor) -> Tensor:
        """About the inverse of `apply`: exact where all instances have the same Gram matrix."""
        turned = self._basis.T @ matrix @ self._basis
        scale = self._values[:, None] * self._values / self._n + self.alpha
        result: Tensor = self._basis @ (turned / scale) @ self._basis.T
        return result

    def factor(self, basis: Tensor, *, transposed: bool) -> Tensor:
        """Ridge solution F of A = F basisᵀ, or of A = basis Fᵀ if transposed."""
        width, rank = basis.shape
        normal = torch.zeros(width * width, rank * rank).to(basis)
        right = torch.zeros_like(basis)
        for x, y in self._pairs():
            z = x @ basis
            normal += (x.mT @ x).flatten(1).T @ (z.mT @ z).flatten(1)
            right += (x.mT @ (y.mT if transposed else y) @ z).sum(dim=0)
        # axes (width, width, rank, rank) -> rows and columns (width, rank)
        square = normal.view(width, width, rank, rank).permute(0, 2, 1, 3)
        square = square.reshape(width * rank, width * rank)
        square = square + self.alpha * torch.eye(len(square)).to(square)
        solved: Tensor = torch.linalg.solve(square, right.flatten())
        return solved.view(width, rank)


def _augmented(
    rows: Float[Tensor, "batch position width"], origin: Float[Tensor, " width"]
) -> Float[Tensor, "batch position augmented"]:
    centred = rows - origin.to(rows)
    return torch.cat([centred, torch.ones_like(centred[..., :1])], dim=2).to(origin.dtype)
