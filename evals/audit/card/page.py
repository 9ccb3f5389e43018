"""The card of an audit as one HTML page that needs no other file and no network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

from evals.audit.audit import Audit, Reading, Shown
from evals.audit.card.audit_file import audit_json
from evals.audit.card.words import (
    QUESTIONS,
    calibration_text,
    compared_text,
    damage_text,
    p_text,
    ranked,
    silent_text,
    standing,
    warned,
)
from evals.report.template import foreign_page
from probes.errors import printable

ARROWS = {"up": "\u2191", "right": "\u2192", "down": "\u2193", "left": "\u2190", "stay": "\u2022"}
"""Action -> how it is drawn; others are written out."""

NOTHING_ASKED = "-"
MOST_WARNINGS = 3
"""That stand in front; the others are folded away."""

HEADS = ("detector", "score", "p-value", "networks compared")
"""Of the numbers behind the strip plot."""

WIDTH, EDGE, ROW = 360.0, 8.0, 36.0
"""Of the strip plot, in pixels: its width, what is left free on both sides, height of a row."""


@dataclass(frozen=True)
class Choice:
    """One action as it is drawn.

    Attributes:
        sign: an arrow, a dot or the action's name.
        differs: from the base objective.
    """

    sign: str
    action: str
    differs: bool


@dataclass(frozen=True)
class Moves:
    """What one of the networks, or the base objective, does in an instance.

    Attributes:
        spoken: all of it in words, for whoever does not see the grid.
    """

    who: str
    choices: tuple[Choice, ...]
    spoken: str


@dataclass(frozen=True)
class Strip:
    """One detector's score among those of the networks compared.

    Attributes:
        y: where its line lies.
        score, controls: where they lie on it, from left to right.
    """

    reading: Reading
    y: float
    score: float
    controls: tuple[float, ...]


def audit_page(audit: Audit) -> str:
    """The page as HTML text; the same audit gives the same text.

    Raises:
        AuditFileError: the record holds something that no file may, such as NaN.
    """
    from evals.report.pictures.svg import data_element  # loads matplotlib

    folder = resources.files("evals.audit.card")
    strips = tuple(_strips(audit.readings))
    return foreign_page(
        folder.joinpath("card.html.j2").read_text(encoding="utf-8"),
        style=folder.joinpath("card.css").read_text(encoding="utf-8"),
        audit=audit,
        digest=audit_json(audit)["content_sha256"],
        standing=standing(audit),
        questions=[(words, audit.answer(asked)) for asked, words in QUESTIONS.items()],
        calibration=calibration_text(audit),
        compared=lambda one: compared_text(one, audit),
        p_text=lambda one: p_text(one, audit),
        warnings=warned(audit),
        damage=damage_text(audit),
        silent=silent_text(audit),
        pursued=ranked(audit.pursued),
        shown=[(one, _moves(one)) for one in audit.shown],
        strips=strips,
        strip_data=data_element([HEADS, *map(_numbers, strips)]),
        most=MOST_WARNINGS,
        width=WIDTH,
        height=ROW * len(strips),
    )


def _strips(readings: tuple[Reading, ...]) -> Iterator[Strip]:
    """A row for every score that was compared; each has a scale of its own."""
    compared = [one for one in readings if one.value is not None and one.controls]
    for number, one in enumerate(compared):
        assert one.value is not None
        low, high = min(one.value, *one.controls), max(one.value, *one.controls)

        def across(value: float, low: float = low, width: float = high - low) -> float:
            share = 0.5 if width == 0 else (value - low) / width
            return round(EDGE + share * (WIDTH - 2 * EDGE), 1)

        y = ROW * (number + 1) - EDGE
        yield Strip(one, y, across(one.value), tuple(map(across, one.controls)))


def _numbers(strip: Strip) -> tuple[object, ...]:
    one = strip.reading
    return (printable(one.detector), one.value, one.p_value, *one.controls)


def _moves(shown: Shown) -> Iterator[Moves]:
    """The network, the base objective and, where there is one, a trusted network."""
    beside = {"This network": shown.chosen, "The intended goal": shown.optimal}
    if shown.trusted:
        beside["A trusted network"] = shown.trusted
    named = {part for actions in beside.values() for one in actions for part in one.split("/")}
    drawn = named <= {NOTHING_ASKED, *ARROWS}
    for who, actions in beside.items():
        choices = tuple(
            Choice(_sign(action) if drawn else action, action, _differs(action, optimal))
            for action, optimal in zip(actions, shown.optimal, strict=True)
        )
        asked = [one.action for one in choices if one.action != NOTHING_ASKED]
        odd = sum(one.differs for one in choices)
        told = "" if actions is shown.optimal else f"; {odd} differ from the intended goal"
        yield Moves(who, choices, f"{who}: {len(asked)} decisions{told}. {', '.join(asked)}")


def _sign(action: str) -> str:
    """How an action is drawn, or several that are as good as each other, such as `up/right`."""
    return "".join(ARROWS.get(one, one) for one in action.split("/"))


def _differs(action: str, optimal: str) -> bool:
    if NOTHING_ASKED in (action, optimal):
        return False
    return action != optimal and action not in optimal.split("/")
