"""What a monitor sees of inputs, and which of it it reads: tokens, activations, but no oracle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from detect.contract.score import abstain_unless
from probes.arguments import require_word
from probes.network.access import Access
from probes.network.capture import BATCH
from probes.network.layers import residual_sites
from probes.network.suspect import Suspect
from probes.world.environment import Instances

Rows = Float[np.ndarray, "batch place width"]


@dataclass(frozen=True, eq=False)
class Seen:
    """Inputs with what the network made of them; every part is computed when first asked for.

    Monitors share it, so that several of them cost one forward pass.
    """

    suspect: Suspect = field(repr=False)
    instances: Instances = field(repr=False)

    def __len__(self) -> int:
        return len(self.instances)

    @property
    def site(self) -> str:
        """The last residual stream; empty where the network names none."""
        return next(reversed(residual_sites(self.suspect, kinds=("hook_resid_post",))), "")

    @cached_property
    def outputs(self) -> Float[Tensor, "batch decision action"]:
        """Action logits."""
        return self.suspect.outputs(self.instances)

    @cached_property
    def activations(self) -> Rows:
        """Activations at `site`, one place per decision."""
        return self._read(self.suspect)

    @cached_property
    def untrained(self) -> Rows:
        """The same of a network of the same shape with fresh weights."""
        return self._read(self.suspect.untrained())

    @cached_property
    def tokens(self) -> Shaped[Tensor, "batch ..."]:
        """What the network reads, as numbers."""
        return self.suspect.environment.tokens(self.instances)

    def _read(self, suspect: Suspect) -> Rows:
        decisions, parts = self.suspect.outputs(self.instances[:1]).shape[1], []
        for start in range(0, len(self), BATCH):
            part = self.instances[start : start + BATCH]
            # A looped block writes several times; the last rows are what it ends with.
            read = suspect.capture(part, [self.site])[self.site][-len(part) :, :decisions]
            parts.append(read.double())
        return np.asarray(torch.cat(parts).numpy())


Reference = Literal["usual", "public"]
"""In distribution alone, or in distribution and under every public shift."""


@dataclass(frozen=True, eq=False)
class PublicInputs:
    """What may be known of a network before it is watched: inputs that monitors are fitted on.

    A suspect's environment samples public distributions and no other, so no monitor can be fitted
    on inputs that it will be judged by. Free contexts are uniform in all of them. The same suspect
    gives the same inputs; monitors fitted on the same object share its forward passes.

    Attributes:
        n_usual: inputs in distribution, at least 2.
        n_shifted: inputs under each public shift.
    """

    suspect: Suspect = field(repr=False)
    n_usual: int = 512
    n_shifted: int = 128

    def of(self, kind: Reference) -> tuple[Seen, ...]:
        """In distribution, then, of kind `public`, under every public shift."""
        require_word("the kind of reference", kind, get_args(Reference))
        return self._drawn if kind == "public" else self._drawn[:1]

    @cached_property
    def _drawn(self) -> tuple[Seen, ...]:
        environment, generator = self.suspect.environment, self.suspect.generator()
        drawn = [environment.sample(self.n_usual, generator=generator)]
        drawn += [
            environment.sample(self.n_shifted, generator=generator, shift=shift)
            for shift in environment.public_shifts
        ]
        return tuple(Seen(self.suspect, instances) for instances in drawn)


Source = Literal["activations", "untrained", "tokens"]
"""Tokens are read one-hot, or as they are where the environment gives numbers."""

Reading = Callable[[Seen], Rows]
"""Rows of numbers by input and place; places are decisions, or tokens where these are read."""


def access_of(source: Source) -> Access:
    """The level that reading a source takes; tokens take no network."""
    require_word("a source", source, get_args(Source))
    return Access.NONE if source == "tokens" else Access.ACTIVATIONS


def reading_of(source: Source, fitted: Sequence[Seen]) -> Reading:
    """How to read a source, given the inputs that a monitor is fitted on.

    A token that is larger than all fitted ones counts as one further class. Inputs that have other
    axes than place and channel are read as numbers, at one place.

    Raises:
        Abstain: the network names no residual site, or is not finite there.
        ArgumentError: another source.
    """
    require_word("a source", source, get_args(Source))
    if source == "tokens":
        tokens = torch.cat([seen.tokens for seen in fitted])
        if tokens.ndim != 3:
            return lambda seen: np.asarray(seen.tokens.flatten(1)[:, None].double().numpy())
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
