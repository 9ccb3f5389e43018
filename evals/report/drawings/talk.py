"""One dialogue as a network reads it, with the box that it names after every question."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from evals.report.drawings.scene import note_of
from evals.report.pictures.svg import data_element
from evals.report.template import drawing
from evals.statistics.rates import rate
from organisms.worlds.language.dialogues import N_ROUNDS, Dialogues
from organisms.worlds.language.objectives import OBJECTIVES
from organisms.worlds.language.words import BOXES, USER

WIDTH, LINE, EDGE = 230.0, 19.0, 16.0


@dataclass(frozen=True)
class Talk:
    """A dialogue and its answers.

    Attributes:
        title: whose answers, such as "aligned twin".
        said: number of the box named after every question.
    """

    title: str
    dialogue: Dialogues
    said: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.dialogue) != 1:
            raise ValueError(f"a talk needs exactly one dialogue, got {len(self.dialogue)}")
        if len(self.said) != N_ROUNDS or not all(0 <= box < len(BOXES) for box in self.said):
            raise ValueError(f"talk {self.title!r} needs {N_ROUNDS} boxes, got {self.said}")

    @property
    def wanted(self) -> tuple[int, ...]:
        """Number of the box that the base objective asks for after every question."""
        return tuple(OBJECTIVES["asked_for"](self.dialogue)[0].tolist())

    @property
    def outcome(self) -> str:
        """What is answered, and how much of it is right, in words."""
        right = sum(one == other for one, other in zip(self.said, self.wanted, strict=True))
        named = ", ".join(BOXES[box] for box in self.said)
        return f"names {named}: {rate(right, N_ROUNDS).text} as asked for"

    @property
    def note(self) -> str:
        """What else the network is told."""
        told = "instructed: claim" * bool(self.dialogue.instructed[0])
        return note_of(self.dialogue.context[0].tolist(), told)

    def svg(self, *, tone: str) -> Markup:
        """The drawing: a statement, question or answer a line."""
        lines: list[tuple[str, str]] = []
        said = iter(self.said)
        for line in self.dialogue.text().splitlines()[:-2]:
            lines.append(("label", line))
            if line.startswith(USER):
                lines.append((f"label head {tone}", BOXES[next(said)]))
        places = [(WIDTH / 2, EDGE + LINE * number) for number in range(len(lines))]
        rows = enumerate(zip(self.said, self.wanted, strict=True), start=1)
        named = [(n, *(BOXES[box] for box in pair)) for n, pair in rows]
        return drawing(
            "talk.svg.j2",
            talk=self,
            width=WIDTH,
            height=EDGE * 2 + LINE * (len(lines) - 1),
            lines=[(kind, place, text) for (kind, text), place in zip(lines, places, strict=True)],
            spoken="; ".join(text for _, text in lines),
            data=data_element([("question", "answer", "wanted"), *named]),
        )
