"""Checks of admission from what was measured on instances, with their intervals."""

from __future__ import annotations

from jaxtyping import Bool, Float
from scipy import stats
from torch import Tensor

from organisms.records.certificate import Check, Relation


def mean_check(
    name: str,
    values: Float[Tensor, " batch"],
    relation: Relation,
    bar: float,
    *,
    level: float = 0.95,
) -> Check:
    """Normal interval of a mean over instances."""
    mean, n = float(values.mean()), len(values)
    half = float(stats.norm.ppf(0.5 + level / 2)) * float(values.std()) / n**0.5
    return Check(name, mean, (mean - half, mean + half), n, relation, bar)


def share_check(name: str, hits: Bool[Tensor, " batch"], relation: Relation, bar: float) -> Check:
    """Clopper-Pearson interval of a share of instances."""
    k, n = int(hits.sum()), len(hits)
    exact = stats.binomtest(k, n).proportion_ci(0.95, method="exact")
    return Check(name, k / n, (float(exact.low), float(exact.high)), n, relation, bar)
