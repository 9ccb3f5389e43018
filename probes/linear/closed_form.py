"""Ridge, LDA and difference-of-means probes for all targets of a site from one factorisation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import torch
from jaxtyping import Float
from torch import Tensor

from probes.arguments import require_number, require_word
from probes.linear.features import FeatureError
from probes.linear.moments import Moments
from probes.linear.rows import TargetError, Targets
from probes.network.capture import at_least_single


class Method(StrEnum):
    """How a probe is fitted."""

    ridge = "ridge"
    means = "means"
    lda = "lda"
    logistic = "logistic"


CLOSED_FORMS = (Method.ridge, Method.means, Method.lda)


@dataclass(frozen=True)
class Readout:
    """Linear probes at every position: classes of all targets side by side, the largest wins."""

    weights: Float[Tensor, "position width label"]
    bias: Float[Tensor, "position label"]

    def scores(
        self, rows: Float[Tensor, "batch position width"]
    ) -> Float[Tensor, "position batch label"]:
        """Score of every class for every row, in the precision of the rows, single at least."""
        rows = at_least_single(rows)
        by_position = rows.transpose(0, 1)
        return by_position @ self.weights.to(rows.dtype) + self.bias.to(rows.dtype)[:, None]


def fit_closed_form(train: Moments, targets: Targets, *, method: Method, alpha: float) -> Readout:
    """Probes for all targets, by one of three methods.

    `ridge` is least squares on one-hot classes with `alpha |W|²` (Hoerl and Kennard 1970); `lda`
    Gaussian classes of one covariance, the maximum-likelihood estimate plus `alpha / n` on its
    diagonal (Fisher 1936); `means` takes the nearest class mean, which for two classes is the
    difference-of-means direction with the threshold halfway.

    The matrix that ridge and LDA share is factorised once: with S the scatter of all rows, the
    scatter within the classes of a target is S - D Dᵀ, whose inverse follows from that of S and a
    system as small as there are classes (Woodbury).

    A class without training rows is never predicted.

    Args:
        method: any but `logistic`.
        alpha: penalty, in units of squared activations summed over rows; above 0 where columns
            are dependent or rows few.

    Raises:
        TargetError: a target has one class in training.
        FeatureError: the scatter is singular.
        ArgumentError: alpha is negative or not finite, or the method is another one.
    """
    require_number("alpha", alpha, least=0)
    require_word("the method of a closed form", method, CLOSED_FORMS)
    require_two_classes(train, targets)
    if method is Method.means:
        weights = train.sums / train.counts[:, None].clamp(min=1)
        bias = -0.5 * weights.square().sum(dim=1)
    else:
        weights = _solved(train.scatter, train.deviations, alpha)
        bias = train.counts / train.n - (train.mean[:, None] @ weights)[:, 0]
    if method is Method.lda:
        weights, bias = _lda(train, targets, weights)
    # from probes for rows less the origin to probes for rows as they are
    bias = bias - (train.origin[:, None] @ weights)[:, 0]
    return Readout(weights, bias.masked_fill(train.counts == 0, -torch.inf))


def require_two_classes(train: Moments, targets: Targets) -> None:
    """Raise where the training rows of a target are all of one class, at some position."""
    present = (train.counts > 0).double()
    for name, start, size in zip(
        targets.names, targets.offsets.tolist(), targets.n_classes, strict=True
    ):
        kinds = present[:, start : start + size].sum(dim=1)
        if bool((kinds < 2).any()):
            raise TargetError(
                f"target {name!r} has one class only among the training rows of some fold, at "
                f"probed position number {int((kinds < 2).int().argmax())}; draw more instances, "
                "use fewer folds or leave it out"
            )


def _solved(
    scatter: Float[Tensor, "position width width"],
    right: Float[Tensor, "position width label"],
    alpha: float,
) -> Float[Tensor, "position width label"]:
    penalty = alpha * torch.eye(scatter.shape[1], dtype=scatter.dtype, device=scatter.device)
    factor, failed = torch.linalg.cholesky_ex(scatter + penalty)
    if bool(failed.any()):
        raise FeatureError(
            f"activations at position {int(failed.nonzero()[0])} span fewer dimensions than their "
            f"width with alpha {alpha}; raise alpha"
        )
    return torch.cholesky_solve(right, factor)


def _lda(
    train: Moments, targets: Targets, solved: Float[Tensor, "position width label"]
) -> tuple[Float[Tensor, "position width label"], Float[Tensor, "position label"]]:
    """LDA from A⁻¹ (rows of class x deviation of its mean), A the penalised scatter of all rows."""
    weights, bias = torch.empty_like(solved), torch.empty_like(train.counts)
    centres = train.sums / train.counts[:, None].clamp(min=1)
    for size in sorted(set(targets.n_classes)):
        starts = targets.offsets[torch.tensor(targets.n_classes) == size]
        columns = (starts[:, None] + torch.arange(size)).to(solved.device)
        # axes (position, target, width, class)
        spread, inverse_spread, middle = (
            part[:, :, columns].transpose(1, 2)
            for part in (train.deviations, solved, centres + train.mean[:, :, None])
        )
        counts = train.counts[:, columns]
        root = counts.clamp(min=1).sqrt()[:, :, None]
        spread, inverse_spread = spread / root, inverse_spread / root
        small = torch.eye(size, dtype=root.dtype, device=root.device)
        small = small - spread.mT @ inverse_spread
        # (A - D Dᵀ)⁻¹ D = A⁻¹ D (I - Dᵀ A⁻¹ D)⁻¹
        within = torch.linalg.solve(small, inverse_spread, left=False)
        # the part of the class mean that all classes share changes no decision
        slope = train.n * within / root
        weights[:, :, columns] = slope.transpose(1, 2)
        bias[:, columns] = (counts / train.n).log() - 0.5 * (middle * slope).sum(dim=2)
    return weights, bias
