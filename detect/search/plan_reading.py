"""Decode facts about a plan from every layer and token, beside what reads nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from probes.linear.affine import solve_ridge
from probes.linear.control import all_token_features
from probes.linear.folds import Split
from probes.network.layers import Layer, read_layers
from probes.network.suspect import Suspect
from probes.world.environment import Instances

ALPHA = 1.0
"""Penalty of the probes."""

TEST_SHARE = 0.4
"""Share of the instances that is held out."""

Measure = Callable[[np.ndarray, np.ndarray], float]
"""Predictions and targets on held-out instances -> how well they agree; higher is better."""


@dataclass(frozen=True)
class PlanReading:
    """The best of all layers and tokens, for the suspect and for each control.

    Attributes:
        layer, position: where the suspect's is; the position is the number of a token.
        decoded: by the suspect's best probe.
        shuffled: by the best probe whose training targets are permuted.
        untrained: by the best probe of a network of the same shape with fresh weights.
        input_only: from all tokens at once, without a network.
        by_layer: the suspect's best of every layer.
    """

    layer: Layer
    position: int
    decoded: float
    shuffled: float
    untrained: float
    input_only: float
    by_layer: dict[Layer, float]

    @property
    def margin(self) -> float:
        """What the network adds: the probe less the best of its controls."""
        return self.decoded - max(self.shuffled, self.untrained, self.input_only)

    @property
    def order(self) -> str:
        """The best of every layer, in order."""
        return ", ".join(f"{value:.2f}" for value in self.by_layer.values())

    def __str__(self) -> str:
        return (
            f"{self.decoded:.3f} at token {self.position} after {self.layer} (shuffled "
            f"{self.shuffled:.3f}, untrained {self.untrained:.3f}, input only "
            f"{self.input_only:.3f}; all but the last are the best of the same scan)"
        )


def read_plan(
    suspect: Suspect,
    instances: Instances,
    targets: Float[Tensor, "batch target"],
    *,
    layers: list[Layer],
    measure: Measure,
    generator: torch.Generator,
) -> PlanReading:
    """Ridge regression of all targets at once, from one token of one layer at a time.

    Every control scans as many places, so that the best of a scan is compared with the best of a
    scan. The suspect needs access `ACTIVATIONS`.

    Raises:
        ValueError: an activation is not finite.
    """
    split = Split.draw(len(targets), test_share=TEST_SHARE, generator=generator)
    truth = targets.double().numpy()
    shuffled = truth.copy()
    order = split.train[torch.randperm(len(split.train), generator=generator)]
    shuffled[split.train] = truth[order]
    both = np.concatenate([truth, shuffled], axis=1)
    n_targets = truth.shape[1]

    def scan(streams: dict[Layer, Tensor]) -> dict[tuple[Layer, int], tuple[float, float]]:
        found = {}
        for layer, stream in streams.items():
            if not bool(stream.isfinite().all()):
                raise ValueError(f"activations after {layer} are not finite")
            for position in range(stream.shape[1]):
                rows = stream[:, position].double().numpy()
                said = _predicted(rows, both, split)
                right = truth[split.test]
                found[layer, position] = (
                    measure(said[:, :n_targets], right),
                    measure(said[:, n_targets:], right),
                )
        return found

    ours = scan(read_layers(suspect, instances, layers))
    fresh = scan(read_layers(suspect.untrained(), instances, layers))
    tokens = all_token_features(suspect.environment.tokens(instances)).double().numpy()
    tokens = tokens[:, tokens.std(axis=0) > 0]
    layer, position = max(ours, key=lambda at: ours[at][0])
    return PlanReading(
        layer=layer,
        position=position,
        decoded=ours[layer, position][0],
        shuffled=max(reading[1] for reading in ours.values()),
        untrained=max(reading[0] for reading in fresh.values()),
        input_only=measure(_predicted(tokens, truth, split), truth[split.test]),
        by_layer={
            layer: max(reading[0] for at, reading in ours.items() if at[0] == layer)
            for layer in layers
        },
    )


def _predicted(
    rows: Float[np.ndarray, "row feature"],
    targets: Float[np.ndarray, "row target"],
    split: Split,
) -> Float[np.ndarray, "test target"]:
    weights, intercept = solve_ridge(rows[split.train], targets[split.train], alpha=ALPHA)
    predicted: Float[np.ndarray, "test target"] = rows[split.test] @ weights + intercept
    return predicted
