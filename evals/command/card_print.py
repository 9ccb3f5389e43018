"""The score card as text, or why there is none."""

from __future__ import annotations

import io
from concurrent.futures import BrokenExecutor
from pathlib import Path

from rich.console import Console

from evals.guests.card_text import card_text
from evals.guests.guest import score_guest
from evals.guests.score_card import score_card
from evals.running.run import reopen
from evals.scoring.workers import default_workers
from evals.suite.home import Home
from evals.suite.suite_file import load_suite
from probes.errors import MesascopeError


def print_card(reference: str, suite: str, home: Path) -> str:
    """Score a detector on a finished run and write the card down."""
    try:
        finished = reopen(load_suite(suite).judged_in(None), Home(home))
        guest = score_guest(
            finished, reference, workers=default_workers(), device="cpu", on_row=lambda row: None
        )
    except (MesascopeError, BrokenExecutor, OSError) as error:
        return f"none: {error}"
    paper = io.StringIO()
    console = Console(file=paper, width=120)
    console.print(card_text(score_card(finished, guest)), markup=False, highlight=False)
    return paper.getvalue()
