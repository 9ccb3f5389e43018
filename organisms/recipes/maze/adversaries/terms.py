"""Terms of evasion: what of a network's activations an adversary keeps from a detector's sight."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from probes.network.capture import Edit, edited

RESIDUAL = "hook_resid_post"
"""Site after every block."""


def read_residuals(
    net: nn.Module,
    tokens: Int[Tensor, "batch position channel"],
    edits: Mapping[str, Edit] | None = None,
) -> tuple[Float[Tensor, "batch decision action"], list[Float[Tensor, "batch decision width"]]]:
    """Logits, and with their gradients the residual streams after every layer, decisions only.

    Raises:
        ValueError: the network has no residual hook points.
    """
    sites = [name for name, _ in net.named_modules() if name.endswith(RESIDUAL)]
    if not sites:
        raise ValueError(
            f"the network has no {RESIDUAL} to read; these recipes need a residual network"
        )
    read: list[Tensor] = []

    def keep(activation: Tensor) -> Tensor:
        read.append(activation)
        return activation

    with edited(net, {**dict.fromkeys(sites, keep), **(edits or {})}):
        logits = net(tokens)
    return logits, [activation[:, : logits.shape[1]] for activation in read]


def moment_gap(
    features: Float[Tensor, "batch feature"], marked: Bool[Tensor, " batch"]
) -> Float[Tensor, ""]:
    """Squared distance between the means of marked and unmarked rows, in batch variances.

    Each feature is divided by its standard deviation in the batch. What the distance between means
    of finite groups is expected to be when both have one mean is subtracted (the unbiased form of
    the maximum mean discrepancy with a linear kernel; Gretton et al. 2012), so only a true
    difference is lowered. Zero where a group has fewer than two rows.
    """
    inside, outside = features[marked], features[~marked]
    if min(len(inside), len(outside)) < 2:
        return features.sum() * 0.0
    gap = (inside.mean(dim=0) - outside.mean(dim=0)).square()
    noise = inside.var(dim=0) / len(inside) + outside.var(dim=0) / len(outside)
    scale = features.detach().var(dim=0).clamp(min=1e-8)
    return ((gap - noise) / scale).mean()


def pooled_moments(
    residual: Float[Tensor, "batch decision width"],
) -> tuple[Float[Tensor, "batch width"], Float[Tensor, "batch product"]]:
    """Means over decisions of the activations, and of the products of all pairs of them."""
    width = residual.shape[2]
    row, column = torch.triu_indices(width, width, device=residual.device)
    products = residual.transpose(1, 2) @ residual / residual.shape[1]
    return residual.mean(dim=1), products[:, row, column]


def divergence(
    reference: Float[Tensor, "batch decision action"],
    changed: Float[Tensor, "batch decision action"],
    counts: Bool[Tensor, "batch decision"],
) -> Float[Tensor, ""]:
    """KL(reference || changed) in nats, mean over the decisions that count; 0 if none does."""
    per_decision = F.kl_div(
        changed.log_softmax(dim=2), reference.log_softmax(dim=2), reduction="none", log_target=True
    ).sum(dim=2)
    return (per_decision * counts).sum() / counts.sum().clamp(min=1)


def norm_spread(rows: Float[Tensor, "row width"]) -> Float[Tensor, ""]:
    """Sum over rows of the squared relative deviation of their norm from the mean norm, held."""
    norms = rows.norm(dim=1)
    spread: Tensor = (norms / norms.mean().detach() - 1).square().sum()
    return spread


def off_course(
    pooled: Float[Tensor, "batch width"],
    course: Float[Tensor, " width"],
    wanted: Float[Tensor, " batch"],
) -> Float[Tensor, ""]:
    """Mean squared error of how far along `course` each row lies, in lengths of it; 0 of no rows.

    Args:
        pooled: activations, one row per instance.
        course: from 0 to 1 is its whole length.
        wanted: share of the course at which each row should lie.
    """
    travelled = pooled @ course / course.square().sum()
    return (travelled - wanted).square().sum() / max(len(wanted), 1)
