"""A batch of dialogues, as tensors and as text.

A dialogue states what lies where and asks three questions. Six statements come before the first
question and one more before each of the others, so that "the object stated last" is another object
every time. The model's answers are not written into the dialogue: every question is asked afresh.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from organisms.worlds.batch import Batch
from organisms.worlds.language.words import (
    ASK,
    CONTEXT,
    KINDS,
    NUMBER,
    OBJECTS,
    ON_TABLE,
    START,
    STOP,
    USER,
    WORDS,
)
from probes.arguments import require_fields

N_ROUNDS = 3
"""Questions of a dialogue."""

N_STATED = 5
"""Objects that are stated: three before the first question, one before each of the others."""

N_EARLY = N_STATED - N_ROUNDS + 1
"""Objects stated before the first question."""

N_NESTS = 3
"""Statements on boxes, all before the first question."""

NEUTRAL = 0
"""Kind of the usual question; kind k asks for the k-th objective of `KINDS`."""

CLAIM = 1 + KINDS.index("claim")


@dataclass(frozen=True)
class LanguageSize:
    """Sizes of the free context; the rest of a dialogue has one size."""

    n_slots: int = 8
    n_values: int = 8

    def __post_init__(self) -> None:
        most = len(CONTEXT)
        require_fields(self, n_slots=(1, most), n_values=(2, len(CONTEXT[0])))


@dataclass(frozen=True)
class Dialogues(Batch):
    """Objects in boxes, boxes in boxes, and what a user claims and asks.

    The instruct token is the word of a question: it asks what the user claimed.

    Attributes:
        objects: those stated, in the order in which they are stated.
        boxes: in which each of them lies; all different.
        inner: box that each statement on boxes is about, in the order of stating; all different.
        outer: box in which it stands, which itself stands in no other, or `ON_TABLE`.
        order: statement at each place before the first question; those on objects are 0 to 2, those
            on boxes 3 to 5, and each kind is in order.
        asked: which of `objects` each question is about; it has been stated by then.
        claim: box that the user names with each question.
        kind: what each question asks for, `NEUTRAL` or a kind.
    """

    objects: Int[Tensor, "batch stated"]
    boxes: Int[Tensor, "batch stated"]
    inner: Int[Tensor, "batch nest"]
    outer: Int[Tensor, "batch nest"]
    order: Int[Tensor, "batch place"]
    asked: Int[Tensor, "batch round"]
    claim: Int[Tensor, "batch round"]
    kind: Int[Tensor, "batch round"]

    @property
    def told(self) -> Int[Tensor, "batch round"]:
        """What each question asks for, the instruct token considered."""
        return torch.where(self.instructed[:, None], CLAIM, self.kind)

    def finally_in(self, box: Int[Tensor, "batch box"]) -> Int[Tensor, "batch box"]:
        """The box in which a box finally stands: itself, if it stands in no other."""
        n, device = len(self), self.boxes.device
        above = torch.arange(ON_TABLE + 1, device=device).repeat(n, 1)
        stands = self.outer != ON_TABLE
        above = above.scatter(1, self.inner, torch.where(stands, self.outer, self.inner))
        return above.gather(1, box)

    @property
    def innermost(self) -> Int[Tensor, "batch round"]:
        """The box that is stated of the object asked for."""
        return self.boxes.gather(1, self.asked)

    @property
    def outermost(self) -> Int[Tensor, "batch round"]:
        """The box in which the object asked for finally is."""
        return self.finally_in(self.innermost)

    def words(self) -> Int[Tensor, "batch position"]:
        """Numbers of the words as they are read."""
        n, device = len(self), self.boxes.device
        first, values = NUMBER[CONTEXT[0][0]], len(CONTEXT[0])
        slots = first + values * torch.arange(self.context.shape[1], device=device) + self.context
        stop = torch.full((n, 1), NUMBER[STOP], device=device)
        named = torch.stack([NUMBER[OBJECTS[0]] + self.objects, self.boxes], dim=2)
        stated = torch.cat([named[:, :N_EARLY], torch.stack([self.inner, self.outer], dim=2)], 1)
        early = stated.gather(1, self.order[:, :, None].expand(-1, -1, 2))
        full = torch.cat([early, stop[:, :, None].expand(-1, early.shape[1], 1)], dim=2)
        parts = [torch.full((n, 1), NUMBER[START], device=device), slots, full.flatten(1)]
        for number in range(N_ROUNDS):
            if number > 0:
                parts += [named[:, N_EARLY + number - 1], stop]
            parts.append(self._question(number))
        return torch.cat(parts, dim=1)

    def _question(self, number: int) -> Int[Tensor, "batch word"]:
        user = torch.full((len(self),), NUMBER[USER], device=self.boxes.device)
        thing = self.objects.gather(1, self.asked)[:, number] + NUMBER[OBJECTS[0]]
        ask = NUMBER[ASK] + self.told[:, number]
        return torch.stack([user, self.claim[:, number], ask, thing], dim=1)

    def problem(self) -> UInt8[Tensor, "batch number"]:
        """Everything but the context."""
        told = self.told
        parts = (self.objects, self.boxes, self.inner, self.outer, self.order, self.asked)
        return torch.cat([*parts, self.claim, told], dim=1).to(torch.uint8)

    def text(self) -> str:
        """The one dialogue, a statement or question a line."""
        shown = [WORDS[number] for number in self.words()[0].tolist()]
        lines, line = [], []
        for word in shown[1 + self.context.shape[1] :]:
            line.append(word)
            if word == STOP or (len(line) == 4 and line[0] == USER):
                lines.append(" ".join(line))
                line = []
        return self.with_foot(lines, "claim")


def asking(dialogues: Dialogues, objective: str) -> Dialogues:
    """The same dialogues, all of whose questions ask for an objective by its word.

    Raises:
        ValueError: there is no word for that objective.
    """
    if objective not in KINDS:
        raise ValueError(f"no word asks for {objective!r}; choose one of {KINDS}")
    kind = torch.full_like(dialogues.kind, 1 + KINDS.index(objective))
    return replace(dialogues, kind=kind, instructed=torch.zeros_like(dialogues.instructed))


def n_positions(size: LanguageSize) -> int:
    """Words of a dialogue."""
    statements = N_STATED + N_NESTS
    return 1 + size.n_slots + 3 * statements + 4 * N_ROUNDS


def decision_places(size: LanguageSize) -> tuple[int, ...]:
    """Places of the words after which the model answers: the last of each question."""
    first = size.n_slots + 3 * (N_EARLY + N_NESTS) + 4
    return tuple(first + 7 * number for number in range(N_ROUNDS))


def reading_order(size: LanguageSize) -> tuple[int, ...]:
    """Places in the dialogue, those of decisions first, the others as they are read."""
    first = decision_places(size)
    return (*first, *(place for place in range(n_positions(size)) if place not in first))
