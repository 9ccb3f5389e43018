"""A probe's accuracy beside its controls: shuffled labels, untrained network, input alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from probes.linear.linear import RidgeProbe
from probes.network.suspect import Suspect
from probes.world.environment import Instances


@dataclass(frozen=True)
class ProbeReading:
    """Accuracies, in [0, 1], on held-out instances; the rows are decisions.

    Attributes:
        site: where the activations were read.
        accuracy: of the probe.
        shuffled_accuracy: of the same probe when the training instances' labels are permuted.
        untrained_accuracy: at the same site of a network of the same shape with fresh weights.
        input_accuracy: from the token at the decision and its position, without any network.
        chance: share of the most frequent training class among the test rows.
        n_train: instances trained on.
        n_test: instances tested on.
    """

    site: str
    accuracy: float
    shuffled_accuracy: float
    untrained_accuracy: float
    input_accuracy: float
    chance: float
    n_train: int
    n_test: int

    def __post_init__(self) -> None:
        for name in ("accuracy", "shuffled_accuracy", "untrained_accuracy", "input_accuracy"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in [0, 1], got {getattr(self, name)}")
        if min(self.n_train, self.n_test) < 1:
            raise ValueError(f"need instances on both sides, got {self.n_train} and {self.n_test}")

    def __str__(self) -> str:
        return (
            f"{self.site}: {self.accuracy:.3f} (shuffled {self.shuffled_accuracy:.3f}, untrained "
            f"{self.untrained_accuracy:.3f}, input only {self.input_accuracy:.3f}, chance "
            f"{self.chance:.3f}; {self.n_train} + {self.n_test} instances)"
        )


@dataclass(frozen=True)
class Split:
    """Instances on two sides; all rows of an instance are on its side.

    Attributes:
        train: instance numbers.
        test: instance numbers, none of them in `train`.
    """

    train: Int[Tensor, " train"]
    test: Int[Tensor, " test"]

    @classmethod
    def draw(cls, n: int, *, test_share: float, generator: torch.Generator) -> Split:
        """Split `n` instances at random.

        Raises:
            ValueError: a side would be empty.
        """
        n_test = round(n * test_share)
        if not 0 < n_test < n:
            raise ValueError(f"a test share of {test_share} leaves a side of {n} instances empty")
        order = torch.randperm(n, generator=generator)
        return cls(train=order[n_test:], test=order[:n_test])


def read_probe(
    suspect: Suspect,
    *,
    instances: Instances,
    target: Int[Tensor, " batch"],
    sites: Sequence[str],
    n_decisions: int,
    generator: torch.Generator,
    alpha: float = 1.0,
    test_share: float = 0.3,
) -> list[ProbeReading]:
    """Decode one label per instance from the activation at each of its decisions.

    Args:
        suspect: needs access `ACTIVATIONS`.
        instances: what to run.
        target: class of every instance.
        sites: sites of shape (batch, position, width), decisions first.
        n_decisions: positions that are decisions.
        generator: splits the instances and shuffles the control's labels.
        alpha: penalty of the probe.
        test_share: share of instances held out, in (0, 1).
    """
    split = Split.draw(len(target), test_share=test_share, generator=generator)
    shuffled = target.clone()
    shuffled[split.train] = target[
        split.train[torch.randperm(len(split.train), generator=generator)]
    ]
    read = suspect.capture(instances, sites)
    fresh = suspect.untrained().capture(instances, sites)
    tokens = token_features(suspect.environment.tokens(instances)[:, :n_decisions])
    common = target[split.train].mode().values

    def accuracy(features: Tensor, labels: Tensor) -> float:
        return probe_accuracy(features[:, :n_decisions], labels, target, split=split, alpha=alpha)

    input_accuracy = accuracy(tokens, target)
    return [
        ProbeReading(
            site=site,
            accuracy=accuracy(read[site], target),
            shuffled_accuracy=accuracy(read[site], shuffled),
            untrained_accuracy=accuracy(fresh[site], target),
            input_accuracy=input_accuracy,
            chance=float((target[split.test] == common).float().mean()),
            n_train=len(split.train),
            n_test=len(split.test),
        )
        for site in sites
    ]


def probe_accuracy(
    features: Float[Tensor, "batch decision width"],
    labels: Int[Tensor, " batch"],
    target: Int[Tensor, " batch"],
    *,
    split: Split,
    alpha: float,
) -> float:
    """Fit on the training instances' `labels`; accuracy, in [0, 1], on the test's `target`."""
    n_decisions = features.shape[1]

    def rows(side: Tensor, label: Tensor) -> tuple[np.ndarray, np.ndarray]:
        flat = features[side].flatten(0, 1).double().numpy()
        return flat, label[side].repeat_interleave(n_decisions).numpy()

    probe = RidgeProbe(alpha=alpha).fit(*rows(split.train, labels))
    return float(probe.score(*rows(split.test, target)))


def token_features(
    tokens: Int[Tensor, "batch decision channel"],
) -> Float[Tensor, "batch decision feature"]:
    """One-hot token channels and one-hot position: all that a decision sees without a network."""
    channels = [torch.nn.functional.one_hot(channel) for channel in tokens.unbind(dim=2)]
    position = torch.eye(tokens.shape[1]).expand(len(tokens), -1, -1)
    return torch.cat([*[channel.float() for channel in channels], position], dim=2)
