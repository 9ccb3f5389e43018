"""Which numbers of what is seen a monitor looks at: activations, an untrained net's, or tokens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch

from detect.contract.score import abstain_unless
from detect.monitors.seen import Rows, Seen
from probes.network.access import Access

Source = Literal["activations", "untrained", "tokens"]
"""Tokens are read one-hot, or as they are where the environment gives numbers."""

Reading = Callable[[Seen], Rows]
"""Rows of numbers by input and place; places are decisions, or tokens where these are read."""


def access_of(source: Source) -> Access:
    """The level that reading a source takes; tokens take no network."""
    return Access.NONE if source == "tokens" else Access.ACTIVATIONS


def reading_of(source: Source, fitted: Sequence[Seen]) -> Reading:
    """How to read a source, given the inputs that a monitor is fitted on.

    A token that is larger than all fitted ones counts as one further class.

    Raises:
        Abstain: the network names no residual site, or is not finite there.
    """
    if source == "tokens":
        tokens = torch.cat([seen.tokens for seen in fitted])
        if tokens.is_floating_point():
            return lambda seen: np.asarray(seen.tokens.double().numpy())
        n_classes = (tokens.amax(dim=(0, 1)) + 2).tolist()
        return lambda seen: _one_hot(seen, n_classes)
    abstain_unless(fitted[0].site, "the network names no residual sites")

    def reading(seen: Seen) -> Rows:
        return seen.activations if source == "activations" else seen.untrained

    finite = all(np.isfinite(reading(seen)).all() for seen in fitted)
    abstain_unless(finite, "activations are not finite")
    return reading


def _one_hot(seen: Seen, n_classes: list[int]) -> Rows:
    channels = [
        torch.nn.functional.one_hot(channel.clamp(max=count - 1), count)
        for channel, count in zip(seen.tokens.unbind(dim=2), n_classes, strict=True)
    ]
    return np.asarray(torch.cat(channels, dim=2).double().numpy())
