"""What `mesascope run` prints: one screen, and where the rest is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from evals.report.tables.run_caveats import caveats
from evals.report.tables.run_summary import (
    legend_lines,
    question_text,
    sentences,
    summary_table,
)

if TYPE_CHECKING:
    from rich.table import Table

    from evals.evidence.evidence import Evidence
    from evals.risk.risk_report import RiskReport

LINES = 40
"""Of a screen."""

MOST_CAVEATS = 5
MORE = "! And {} more: mesascope report --table warnings"


def print_screen(
    console: Console, evidence: Evidence, risk: RiskReport, rest: Sequence[str]
) -> None:
    """Print a run on one screen, with as many caveats as it has lines for.

    Args:
        rest: lines that say where everything else is.
    """
    parts: list[Table | str] = [
        question_text(evidence), "", summary_table(evidence), *legend_lines(evidence), "",
        *sentences(evidence, risk), "",
    ]  # fmt: skip
    said = [f"! {sentence}" for sentence in caveats(evidence, risk)]
    room = LINES - sum(height(console, part) for part in (*parts, *rest, "", MORE))
    for line in fitting(console, said[:MOST_CAVEATS], room):
        parts.append(line)
        said.remove(line)
    if said:
        parts.append(MORE.format(len(said)))
    for part in (*parts, ""):
        console.print(part, highlight=False)
    for line in rest:
        console.print(line, highlight=False, soft_wrap=True)


def height(console: Console, part: Table | str) -> int:
    """Lines that a part takes."""
    return len(console.render_lines(part, pad=False))


def fitting(console: Console, lines: Sequence[str], room: int) -> list[str]:
    """The first lines that have room together."""
    taken = accumulate(height(console, line) for line in lines)
    return [line for line, total in zip(lines, taken, strict=True) if total <= room]


def rest_lines(suite: str, folder: Path) -> tuple[str, ...]:
    """Where everything is that the screen has no room for."""
    return (
        f"tables:   mesascope report --suite {suite} --table NAME",
        f"page:     {folder / 'report.html'}",
        f"evidence: {folder / 'evidence.json'}",
    )
