"""Statistics of the weights that do not depend on the order of units or on signs."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn

from detect.contract.detector import Detector
from detect.contract.score import Score, abstain_unless
from probes.network.access import Access
from probes.network.suspect import Suspect

PLACES = ("first", "last", "outside")
"""First and last numbered layer, and everything that has no number: embedding and readout."""

STATISTICS = ("scale", "stable_rank", "effective_rank", "kurtosis")

PARTS = tuple(f"{place}_{name}" for place in PLACES for name in STATISTICS)


class WeightStatistics(Detector):
    """Scale, spectrum and tails of weight matrices: does training a flaw leave a trace in them?

    The score says how heavy the tails are, the parts what the matrices are like otherwise, by
    place. Permuting units, heads or the residual stream and flipping signs multiplies matrices by
    permutations and signs, which leaves norms, singular values and moments about zero alone.
    """

    name = "weight_statistics"
    access = Access.WEIGHTS
    measures = frozenset()
    parts = PARTS
    cost = 0.05

    def score(self, suspect: Suspect) -> Score:
        """Mean kurtosis of the weight matrices about zero; 3 for normal weights."""
        matrices = by_place(suspect.network())
        missing = [place for place in PLACES if not matrices[place]]
        abstain_unless(not missing, f"no weight matrices lie in: {', '.join(missing)}")
        parts: dict[str, float] = {}
        for place in PLACES:
            rows = [matrix_statistics(matrix) for matrix in matrices[place]]
            for name in STATISTICS:
                parts[f"{place}_{name}"] = sum(row[name] for row in rows) / len(rows)
        finite = all(abs(number) < float("inf") for number in parts.values())
        abstain_unless(finite, "weights are not finite, or a matrix is zero")
        value = sum(parts[f"{place}_kurtosis"] for place in PLACES) / len(PLACES)
        shown = ", ".join(f"{place} {parts[f'{place}_kurtosis']:.2f}" for place in PLACES)
        return Score(value, found=f"kurtosis of the weights: {shown}", parts=parts)


def by_place(network: nn.Module) -> dict[str, list[Float[Tensor, "row column"]]]:
    """Weight matrices of the first and the last numbered layer, and of no layer.

    A layer's number is the first whole number in a parameter's dotted name.
    """
    found: dict[int | None, list[Tensor]] = {}
    for name, parameter in network.named_parameters():
        if parameter.ndim != 2:
            continue
        number = re.search(r"(?:^|\.)(\d+)(?:\.|$)", name)
        layer = int(number.group(1)) if number else None
        found.setdefault(layer, []).append(parameter.detach().double().cpu())
    layers = sorted(layer for layer in found if layer is not None)
    return {
        "first": found[layers[0]] if layers else [],
        "last": found[layers[-1]] if layers else [],
        "outside": found.get(None, []),
    }


def matrix_statistics(matrix: Float[Tensor, "row column"]) -> Mapping[str, float]:
    """Of one matrix; NaN or infinite where it is zero.

    scale: root mean square. stable_rank: |W|_F^2 / |W|_2^2 (Rudelson and Vershynin 2007).
    effective_rank: exp of the entropy of the singular values as shares (Roy and Vetterli 2007).
    kurtosis: E w^4 / (E w^2)^2, about zero.
    """
    square = matrix.square().mean()
    sizes = (
        torch.linalg.svdvals(matrix)
        if bool(matrix.isfinite().all())
        else matrix.new_full((1,), torch.nan)
    )
    shares = sizes / sizes.sum()
    entropy = -torch.special.xlogy(shares, shares).sum()
    return {
        "scale": float(square.sqrt()),
        "stable_rank": float(sizes.square().sum() / sizes[0].square()),
        "effective_rank": float(entropy.exp()),
        "kurtosis": float(matrix.pow(4).mean() / square.square()),
    }
