"""The score card as text, or why there is none."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from evals.card_text import card_text
from evals.failures import BAD_INPUT_ERRORS, OWN_FAILURES
from evals.guest import score_guest
from evals.home import Home
from evals.run import reopen
from evals.score_card import score_card
from evals.suite_file import load_suite
from evals.workers import default_workers


def print_card(reference: str, suite: str, home: Path) -> str:
    """Score a detector on a finished run and write the card down."""
    try:
        finished = reopen(load_suite(suite).judged_in(None), Home(home))
        guest = score_guest(
            finished, reference, workers=default_workers(), device="cpu", on_row=lambda row: None
        )
    except (*BAD_INPUT_ERRORS, *OWN_FAILURES) as error:
        return f"none: {error}"
    paper = io.StringIO()
    console = Console(file=paper, width=120)
    console.print(card_text(score_card(finished, guest)), markup=False, highlight=False)
    return paper.getvalue()
