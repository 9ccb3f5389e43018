"""Logistic probes for all targets of a site at once, by accelerated steps in one shared metric."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from probes.arguments import ArgumentError, is_finite
from probes.errors import MesascopeError
from probes.linear.closed_form import Readout
from probes.linear.moments import Moments
from probes.linear.rows import Targets

MAX_STEPS = 2000
UNSEEN = -1e4
"""Intercept of a class without training rows, so that it is never predicted."""

CHECK_EVERY = 5
"""Steps between looks at which targets are done."""


class NotConverged(MesascopeError, RuntimeError):
    """Logistic probes that did not reach the tolerance."""


@dataclass(frozen=True)
class Labelled:
    """Training rows with their labels.

    Attributes:
        rows: activations less the origin of the sums over them, in single precision at least.
        labels: classes; one position where a label belongs to the whole instance.
    """

    rows: Float[Tensor, "batch position width"]
    labels: Int[Tensor, "batch label_position target"]


def fit_logistic(
    blocks: Callable[[], Iterable[Labelled]],
    train: Moments,
    targets: Targets,
    *,
    inverse_penalty: float = 1.0,
    tolerance: float = 1e-4,
    max_steps: int = MAX_STEPS,
) -> Readout:
    """Minimise |W|² / 2 + C (sum of log losses), as scikit-learn's LogisticRegression does.

    Two classes have one weight vector, more have a softmax. Every step divides the gradient by an
    upper bound of the Hessian, C/4 (or C/2) Xᵀ X + I (Böhning 1992), which is the same for all
    targets and is factorised once; steps are accelerated and restarted where the gradient says so
    (Nesterov 1983; O'Donoghue and Candès 2015). No line search, so all probes of a site go
    through the same two matrix products.

    Args:
        blocks: all training rows, to be passed over once a step.
        train: sums over the same rows.
        inverse_penalty: C, above 0.
        tolerance: largest entry of the gradient, divided by C times rows, at which to stop.

    Raises:
        ArgumentError: C or the tolerance is not positive or not finite.
        NotConverged: a target has not reached the tolerance.
    """
    if not all(is_finite(number) and number > 0 for number in (inverse_penalty, tolerance)):
        raise ArgumentError(
            f"C and tolerance must be finite and positive, got {inverse_penalty} and {tolerance}"
        )
    position, width = train.origin.shape
    weights = train.origin.new_zeros(position, width, targets.n_labels)
    bias = train.origin.new_zeros(position, targets.n_labels)
    for size in sorted(set(targets.n_classes)):
        solver = _Solver(train, targets, size, inverse_penalty)
        slope, intercept = solver.solve(blocks, tolerance, max_steps)
        weights[:, :, solver.columns] = slope.transpose(1, 2)
        bias[:, solver.columns] = intercept
    return Readout(weights, bias - (train.origin[:, None] @ weights)[:, 0])


class _Solver:
    """All targets with one number of classes."""

    def __init__(self, train: Moments, targets: Targets, size: int, c: float) -> None:
        self.numbers = [n for n, count in enumerate(targets.n_classes) if count == size]
        self.names = [targets.names[number] for number in self.numbers]
        columns = targets.offsets[self.numbers][:, None] + torch.arange(size)
        self.columns = columns.to(train.counts.device)
        self.c, self.n, self.mean = c, train.n, train.mean
        self.binary = size == 2
        self.n_scores = 1 if self.binary else size
        bound = c * (0.25 if self.binary else 0.5)
        eye = torch.eye(train.scatter.shape[1], dtype=torch.float64, device=train.scatter.device)
        self.factor = torch.linalg.cholesky(bound * train.scatter + eye)
        self.bias_bound = bound * train.n
        self.unseen = train.counts[:, self.columns] == 0

    def solve(
        self,
        blocks: Callable[[], Iterable[Labelled]],
        tolerance: float,
        max_steps: int,
    ) -> tuple[Tensor, Tensor]:
        """Slopes (position, target, width, class) and intercepts (position, target, class)."""
        position, width = self.mean.shape
        done_w = self.mean.new_zeros(position, len(self.names), width, self.n_scores)
        done_b = self.mean.new_zeros(position, len(self.names), 1, self.n_scores)
        if not self.binary:
            done_b = done_b.masked_fill(self.unseen[:, :, None], UNSEEN)
        active = torch.arange(len(self.names), device=self.mean.device)
        w, b = done_w.clone(), done_b.clone()
        ahead_w, ahead_b, momentum = w, b, self.mean.new_ones(position, len(active), 1, 1)
        for step in range(max_steps):
            grad_w, grad_b = self._gradient(blocks, active, ahead_w, ahead_b)
            if step % CHECK_EVERY == 0:
                largest = torch.maximum(grad_w.abs().amax((0, 2, 3)), grad_b.abs().amax((0, 2, 3)))
                going = largest > tolerance * self.c * self.n
                done_w[:, active], done_b[:, active] = ahead_w, ahead_b
                if not bool(going.any()):
                    return self._both(done_w, done_b)
                if not bool(going.all()):
                    active, w, b = active[going], w[:, going], b[:, going]
                    ahead_w, ahead_b, momentum = (t[:, going] for t in (ahead_w, ahead_b, momentum))
                    grad_w, grad_b = grad_w[:, going], grad_b[:, going]
            new_w = ahead_w - self._divided(grad_w)
            new_b = ahead_b - grad_b / self.bias_bound
            moved_w, moved_b = new_w - w, new_b - b
            uphill = (grad_w * moved_w).sum((2, 3)) + (grad_b * moved_b).sum((2, 3)) > 0
            momentum = torch.where(uphill[..., None, None], torch.ones_like(momentum), momentum)
            following = (1 + (1 + 4 * momentum.square()).sqrt()) / 2
            pull = (momentum - 1) / following
            ahead_w, ahead_b = new_w + pull * moved_w, new_b + pull * moved_b
            w, b, momentum = new_w, new_b, following
        raise NotConverged(
            f"{len(active)} logistic probes, {self.names[int(active[0])]!r} first, did not "
            f"reach tolerance {tolerance} in {max_steps} steps; lower C, scale the activations or "
            "allow more steps"
        )

    def _gradient(
        self,
        blocks: Callable[[], Iterable[Labelled]],
        active: Int[Tensor, " active"],
        slope: Float[Tensor, "position active width class"],
        intercept: Float[Tensor, "position active 1 class"],
    ) -> tuple[Tensor, Tensor]:
        """Gradients at rows less their mean, in double precision; the sums in that of the rows."""
        position, n_active, width, columns = slope.shape
        stacked = slope.transpose(1, 2).reshape(position, width, -1)
        constant = intercept.transpose(1, 2).reshape(position, 1, -1)
        constant = constant - self.mean[:, None] @ stacked
        grad_w, grad_b = torch.zeros_like(stacked), torch.zeros_like(constant)
        numbers = torch.tensor(self.numbers, device=active.device)[active]
        for block in blocks():
            rows = block.rows.transpose(0, 1)
            labels = block.labels[..., numbers].transpose(0, 1)
            scores = torch.baddbmm(constant.to(rows.dtype), rows, stacked.to(rows.dtype))
            if self.binary:
                residual = scores.sigmoid_().sub_(labels)
            else:
                shaped = scores.view(*scores.shape[:2], n_active, columns).softmax(dim=3)
                wanted = labels.expand(position, -1, -1)[..., None]
                shaped.scatter_add_(3, wanted, shaped.new_full((1,), -1.0).expand(wanted.shape))
                residual = shaped.flatten(2)
            grad_b += residual.sum(dim=1, keepdim=True)
            grad_w += rows.transpose(1, 2) @ residual
        grad_w = grad_w - self.mean[:, :, None] @ grad_b
        grad_w = grad_w.view(position, width, n_active, columns).transpose(1, 2)
        grad_b = grad_b.view(position, 1, n_active, columns).transpose(1, 2)
        return self.c * grad_w + slope, self.c * grad_b

    def _divided(
        self, gradient: Float[Tensor, "position active width class"]
    ) -> Float[Tensor, "position active width class"]:
        """The bound's inverse times the gradient."""
        position, n_active, width, columns = gradient.shape
        stacked = gradient.transpose(1, 2).reshape(position, width, -1)
        solved = torch.cholesky_solve(stacked, self.factor)
        return solved.view(position, width, n_active, columns).transpose(1, 2)

    def _both(self, slope: Tensor, intercept: Tensor) -> tuple[Tensor, Tensor]:
        """Undo the centring; give two classes a column each."""
        intercept = (intercept - (self.mean[:, None, None] @ slope))[:, :, 0]
        if self.binary:
            slope = torch.cat([-slope / 2, slope / 2], dim=3)
            intercept = torch.cat([-intercept / 2, intercept / 2], dim=2)
        return slope, intercept
