"""The whole page of a made-up run, as text, beside the one that was looked at and stored.

Where it differs on purpose, look at the page in a browser and store the new text:
    GOLDEN=/tmp/page.html python -m pytest tests/evals/report/test_golden_page.py
"""

import os
from dataclasses import replace
from difflib import unified_diff
from pathlib import Path

from evals.evidence.choices import Chosen, Selection
from evals.evidence.rival_explanation import Rival
from evals.judging.budget import BudgetCurve, BudgetPoint
from evals.report.page import ReportInput, render_page
from evals.statistics.exact_tests import Pair
from reading import text_of

STORED = Path(__file__).parent / "golden_page.txt"
FAMILY = "maze/proxy_corner"


def full(report: ReportInput) -> ReportInput:
    """The made-up run with every part that a page can have."""
    chosen = (Chosen(FAMILY, "goal_swap", 3, 4),)
    evidence = replace(
        report.evidence,
        killers=(
            Rival("weight_norm", FAMILY, "void", "AUROC 1.00", 4, 0.001, "activations", FAMILY),
            Rival("false_alarms", "panel", "stands_out", "2 of 2 networks alarm", 2, 0.001),
        ),
        selections=(Selection(chosen, "proxy", "outputs", 5, "ood_battery", 1.0, 0.5),),
        pairs=(Pair("goal_swap", "panel", 6, 0, 5, 1, 0.0625, 0.5),),
    )
    curve = BudgetCurve("proxy", "all", "outputs", (BudgetPoint(chosen, 1536, 512),))
    return replace(report, evidence=evidence, budget=(curve,))


def test_the_page_says_what_it_said_when_somebody_last_looked_at_it(report: ReportInput) -> None:
    page = render_page(full(report))
    text = text_of(page) + "\n"
    if place := os.environ.get("GOLDEN"):
        Path(place).write_text(page)
        STORED.write_text(text)
    lines = unified_diff(STORED.read_text().splitlines(), text.splitlines(), "stored", "now", n=0)
    difference = "\n".join(lines)
    assert not difference, difference
