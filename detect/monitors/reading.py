"""Which numbers of what is seen a monitor looks at: activations, an untrained net's, or tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from detect.contract.score import abstain_unless
from detect.monitors.seen import Rows, Seen
from probes.network.access import Access

Source = Literal["activations", "untrained", "tokens"]


def access_of(source: Source) -> Access:
    """The level that reading a source takes; tokens take no network."""
    return Access.NONE if source == "tokens" else Access.ACTIVATIONS


@dataclass(frozen=True)
class Reading:
    """Rows of numbers by input and place.

    Attributes:
        source: what is read; tokens are one-hot, as numbers where the environment gives numbers.
        values: classes of every token channel, one more than the largest that was fitted on, which
            stands for all that are larger; empty unless tokens are whole numbers.
    """

    source: Source
    values: tuple[int, ...] = ()

    @classmethod
    def fit(cls, source: Source, fitted: Sequence[Seen]) -> Reading:
        """Learn the classes of tokens from the inputs that a monitor is fitted on.

        Raises:
            Abstain: the network names no residual site, or is not finite there.
        """
        if source == "tokens":
            tokens = torch.cat([seen.tokens for seen in fitted])
            if tokens.is_floating_point():
                return cls(source)
            return cls(source, tuple((tokens.amax(dim=(0, 1)) + 2).tolist()))
        abstain_unless(fitted[0].site, "the network names no residual sites")
        reading = cls(source)
        finite = all(np.isfinite(reading.rows(seen)).all() for seen in fitted)
        abstain_unless(finite, "activations are not finite")
        return reading

    @property
    def by_decision(self) -> bool:
        """Whether places are decisions."""
        return self.source != "tokens"

    def rows(self, seen: Seen) -> Rows:
        """The numbers."""
        if self.source == "activations":
            return seen.activations
        if self.source == "untrained":
            return seen.untrained
        return _one_hot(seen.tokens, self.values)


def _one_hot(tokens: Tensor, values: tuple[int, ...]) -> Rows:
    if not values:
        return np.asarray(tokens.double().numpy())
    channels = [
        torch.nn.functional.one_hot(channel.clamp(max=count - 1), count)
        for channel, count in zip(tokens.unbind(dim=2), values, strict=True)
    ]
    return np.asarray(torch.cat(channels, dim=2).double().numpy())
