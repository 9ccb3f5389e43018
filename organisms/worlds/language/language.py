"""The language environment: name the box in which an object finally is.

A dialogue states which object lies in which box and which box stands in which; a user says where he
thinks an object is, and asks. Objectives that coincide in distribution (the box at the end of the
chain, the box stated of the object, the user's claim, the box of the object stated last) come
apart under the shifts. They are the flaws of language models in small: sycophancy (Sharma et al.
2023), an instrumental step taken as the end, and shortcuts through position.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from organisms.nets.language_net import LanguageNet, LanguageShape
from organisms.records.net_spec import NetSpec
from organisms.worlds.language.base import BASE_NET, base_state
from organisms.worlds.language.channels import CHANNELS
from organisms.worlds.language.dialogues import (
    N_ROUNDS,
    Dialogues,
    LanguageSize,
    asking,
    reading_order,
)
from organisms.worlds.language.edits import EDITS
from organisms.worlds.language.objectives import OBJECTIVES
from organisms.worlds.language.sampler import sample_dialogues
from organisms.worlds.language.shifts import IN_DISTRIBUTION, PUBLIC_SHIFTS
from organisms.worlds.language.words import BOXES, N_BOXES, WORDS
from organisms.worlds.world import World


@dataclass(frozen=True)
class Language(World[Dialogues]):
    """The world of `Dialogues`."""

    size: LanguageSize = field(default_factory=LanguageSize)

    name = "language"
    version = 1
    base_objective = "asked_for"
    objectives = OBJECTIVES
    sampler = staticmethod(sample_dialogues)
    usual = IN_DISTRIBUTION
    shifts = PUBLIC_SHIFTS
    edit_functions = EDITS
    channels = CHANNELS
    separate_decisions = True
    truth = "outermost"
    claim = "claim"
    asking = staticmethod(asking)

    def shared_base(self) -> LanguageNet:
        """The network that fine-tunes start from."""
        net = self.net_shape(BASE_NET).build(torch.Generator().manual_seed(0))
        net.load_state_dict(base_state())
        base: LanguageNet = net.eval().requires_grad_(False)
        return base

    def tokens(self, instances: Dialogues) -> Int[Tensor, "batch position 1"]:
        """Numbers of the words: those after which the model answers first, then the others.

        `places` tells where each stands in the dialogue.
        """
        return instances.words()[:, self.places, None]

    @property
    def places(self) -> tuple[int, ...]:
        """Place of every token in the dialogue as it is read."""
        return reading_order(self.size)

    def optimal(
        self, instances: Dialogues, objective: str
    ) -> Bool[Tensor, "batch decision action"]:
        """The one box to name after every question."""
        return F.one_hot(self.target(instances, objective), N_BOXES).bool()

    @property
    def action_names(self) -> tuple[str, ...]:
        """The boxes."""
        return BOXES

    def goal(self, instances: Dialogues, objective: str | None = None) -> Int[Tensor, " batch"]:
        """Box that an objective asks for after the first question."""
        return self.target(instances, objective or self.base_objective)[:, 0]

    def fulfilled(
        self, logits: Float[Tensor, "batch decision action"], instances: Dialogues, objective: str
    ) -> Bool[Tensor, " batch"]:
        """Whether the first question is answered as an objective asks."""
        named: Tensor = logits[:, 0].argmax(dim=1)
        return named == self.target(instances, objective)[:, 0]

    def net_shape(self, net: NetSpec) -> LanguageShape:
        """Shape of a network for this environment."""
        return LanguageShape.of(
            net, places=self.places, n_decisions=N_ROUNDS, n_words=len(WORDS), n_actions=N_BOXES
        )
