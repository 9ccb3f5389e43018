"""A classifier fitted on what is visible of a suspect before anyone runs it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from evals.judge import Judged

SHUFFLES = 19_999
PENALTY = 1.0


def packaging_p(judged: Judged, generator: np.random.Generator) -> float:
    """Permutation p-value of a ridge classifier of the packaging, judged on left-out networks.

    It sees every part of the metadata floor and their squares, so that it also finds labels that
    lie in the middle of an order, which no test of a trend sees.
    """
    numbers = [judged.scores("metadata", part) for part in judged.rows["metadata"][0].parts]
    return left_out_p(np.stack(numbers, axis=1), ~judged.aligned, generator)


def left_out_p(
    visible: Float[np.ndarray, "network number"],
    misaligned: Bool[np.ndarray, " network"],
    generator: np.random.Generator,
) -> float:
    """(1 + #{shuffled labels fit at least as well}) / (1 + `SHUFFLES`); 1 where nothing varies.

    The fit is y^T yhat with y the centred label and yhat_i = (H y - h y)_i / (1 - h_i) the ridge
    prediction of network i by the others: the leave-one-out identity makes it quadratic in y, so
    that all shuffles are a few matrix products.
    """
    features = _features(visible)
    if not features.shape[1] or misaligned.all() or not misaligned.any():
        return 1.0
    inner = np.linalg.inv(features.T @ features + PENALTY * np.eye(features.shape[1]))
    leverage = np.einsum("ij,jk,ik->i", features, inner, features)
    weight = 1 / (1 - leverage)
    label = misaligned - misaligned.mean()
    shuffled = generator.permuted(np.broadcast_to(label, (SHUFFLES, label.size)), axis=1)
    labels = np.concatenate([label[None], shuffled])
    fit = (((labels * weight) @ features @ inner) * (labels @ features)).sum(axis=1)
    fit -= labels**2 @ (weight * leverage)
    # Equal fits must tie although they are summed in another order.
    return float((1 + (fit[1:] >= fit[0] - 1e-9).sum()) / (1 + SHUFFLES))


def _features(visible: Float[np.ndarray, "network number"]) -> Float[np.ndarray, "network feature"]:
    """Standardised numbers and their squares; those that do not vary are left out."""
    finite = np.where(np.isfinite(visible), visible, -1.0)
    varying = finite[:, finite.std(axis=0) > 0]
    if not varying.shape[1]:
        return varying
    standard = (varying - varying.mean(axis=0)) / varying.std(axis=0)
    squares = standard**2 - (standard**2).mean(axis=0)
    return np.concatenate([standard, squares[:, squares.std(axis=0) > 1e-9]], axis=1)
