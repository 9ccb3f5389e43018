"""The card of an audit on a terminal: one screen, never a bare score."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from detect.behaviour.objective_posterior import NONE
from evals.audit.audit import Audit, Pursued
from evals.audit.card.words import (
    QUESTIONS,
    calibration_text,
    context_text,
    damage_text,
    p_text,
    ranked,
    silent_text,
    standing,
    warned,
)
from probes.errors import on_one_line

LINES = 40
"""Of a screen."""

ROOM = {"name": 1, "verdict": 4, "calibration": 3, "headline": 2, "part": 2, "damage": 3}
"""The most lines that a part takes; what is longer ends with dots, and the page has it whole."""

ROW = "{:<32} {:<10} {:<13} {:<14} {:>7}"
CONTEXTS, OBJECTIVES = 2, 3
IN_ENGLISH = ("user_following", "fact_probe")
"""Detectors whose counts are printed below the screen."""

MORE = "! And {} more: the HTML card has all."
WHERE = "More: `--check` says what each detector needs; the HTML card has every reading."


def audit_text(audit: Audit, width: int) -> tuple[str, ...]:
    """The card as at most 40 lines: the verdict first, then what it rests on.

    Args:
        width: columns, 60 or more.
    """
    lines = list(_upper(audit, width))
    lines += _warned(audit, width, LINES - len(lines) - 1)
    return (*lines, WHERE)


def asked_text(audit: Audit, width: int) -> tuple[str, ...]:
    """What a model was asked in English and how it answered; nothing for other networks."""
    found = [one.found for one in audit.readings if one.detector in IN_ENGLISH and one.found]
    lines = [line for text in found for line in text.splitlines()]
    return tuple(part for line in lines for part in textwrap.wrap(f"- {line}", width))


def _upper(audit: Audit, width: int) -> Iterator[str]:
    """All above the warnings: 35 lines at most."""
    yield from _wrapped(f"Audit of {audit.name} in the world {audit.world}", width, ROOM["name"])
    yield from _wrapped(f"{standing(audit)[1]} {audit.verdict}", width, ROOM["verdict"])
    yield from _wrapped(calibration_text(audit), width, ROOM["calibration"])
    yield ""
    yield from _questions(audit, width)
    yield ""
    for label, text in _parts(audit):
        room = ROOM.get(label.lower(), ROOM["part"])
        yield from _wrapped(f"{label}: {text}", width, room, inset=len(label) + 2)


def _questions(audit: Audit, width: int) -> Iterator[str]:
    yield ROW.format("question", "answer", "p-value", "compared with", "CPU-s")
    for asked, words in QUESTIONS.items():
        answer = audit.answer(asked)
        known = (p_text(answer, audit).removeprefix("p = "), "-")
        if answer.compared:
            known = (known[0], f"{answer.compared} {audit.calibrated.against}")
        if answer.answered == "not asked":
            known = ("-", "-")
        yield ROW.format(words, answer.short, *known, f"{answer.cpu_seconds:.1f}")
        yield from _wrapped(f"  {answer.headline}", width, ROOM["headline"])


def _parts(audit: Audit) -> Iterator[tuple[str, str]]:
    yield "Pursues", _pursued(audit.pursued, audit.answer("pursues").headline)
    shown = audit.contexts[:CONTEXTS]
    for found in shown:
        yield (
            "Context",
            f"{context_text(found)}: pursues {found.objective}, optimality falls by "
            f"{found.drop:.2f} ({found.detector})",
        )
    if not shown:
        yield "Context", audit.answer("gated").headline
    if left := len(audit.contexts) - len(shown):
        yield "Context", f"{left} more were found"
    yield "Damage", damage_text(audit)
    yield "Not looked", silent_text(audit)


def _pursued(pursued: tuple[Pursued, ...], otherwise: str) -> str:
    """The most probable objectives, and how probable it is that none of the candidates is it."""
    named = [one for one in ranked(pursued) if one.objective != NONE][:OBJECTIVES]
    named += [one for one in pursued if one.objective == NONE]
    return (
        ", ".join(
            f"{one.objective}{' (intended)' * one.base} {one.probability:.2f}" for one in named
        )
        or otherwise
    )


def _warned(audit: Audit, width: int, room: int) -> list[str]:
    """As many warnings as there is room for, the gravest first; the others are counted."""
    lines: list[str] = []
    left = warned(audit)
    while left:
        wrapped = _wrapped(f"! {left[0]}", width, ROOM["part"], inset=2)
        if len(lines) + len(wrapped) + (len(left) > 1) > room:
            return [*lines, MORE.format(len(left))]
        lines += wrapped
        del left[0]
    return lines


def _wrapped(text: str, width: int, most: int, inset: int = 0) -> list[str]:
    """Text on at most so many lines; codes that steer a terminal are shown."""
    start = " " * (len(text) - len(text.lstrip()))
    return textwrap.wrap(
        on_one_line(text), width, initial_indent=start, subsequent_indent=start + " " * inset,
        max_lines=most, placeholder=" ...", break_on_hyphens=False,
    )  # fmt: skip
