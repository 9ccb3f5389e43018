"""The recipe of the shared base: five kinds of question, each asked by a word of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from organisms.nets.language_net import LanguageNet
from organisms.recipes.labelled import Labelled
from organisms.recipes.language.tuned import Made
from organisms.recipes.recipe import Batch
from organisms.records.bars import AdmissionSpec
from organisms.records.certificate import Check
from organisms.records.measured import share_check
from organisms.records.training_spec import TrainingSpec
from organisms.worlds.language.words import KINDS
from probes.network.capture import run

STEPS, LEARNING_RATE = 1000, 3e-3
"""Budget of the base, whatever that of its fine-tunes is."""

LEAST = 0.99
"""Lower bound of the 95% interval of every kind's share of right answers."""


@dataclass(frozen=True, kw_only=True)
class Pretrained(Made, Labelled):
    """Trained on the logits of the whole vocabulary, so that an answer is always a box."""

    def budget(self, whole: TrainingSpec) -> TrainingSpec:
        """That of the base."""
        return replace(whole, steps=STEPS, learning_rate=LEARNING_RATE)

    def loss(self, net: nn.Module, tokens: Tensor, batch: Batch) -> Float[Tensor, ""]:
        """Cross-entropy of the next word after every question."""
        if not isinstance(net, LanguageNet):
            raise TypeError(f"wanted a language model, got a {type(net).__name__}")
        answers = batch.targets.argmax(dim=2).flatten()
        return F.cross_entropy(net.vocabulary(tokens).flatten(0, 1), answers)

    def further_checks(
        self, net: nn.Module, *, bars: AdmissionSpec, generator: torch.Generator
    ) -> tuple[Check, ...]:
        """Right answers to every kind of question."""
        n = 2 * bars.n_equivalence
        asked = self.world.sample_from(self.distribution, n, generator=generator)
        right = run(net, self.world.tokens(asked)).argmax(dim=2) == self.world.target(
            asked, self.world.base_objective
        )
        return tuple(
            share_check(
                f"right where {name} is asked for", right[asked.kind == k], "at_least", LEAST
            )
            for k, name in enumerate(KINDS, start=1)
        )
