"""The whole page of a made-up run, as text, beside the one that was looked at and stored.

Where it differs on purpose, look at the page in a browser and store the new text:
    GOLDEN=/tmp/page.html python -m pytest tests/evals/report/test_golden_page.py
"""

import os
from collections.abc import Callable
from dataclasses import replace
from difflib import unified_diff
from pathlib import Path

from evals.evidence.choices import Chosen, Selection
from evals.evidence.detector_rates import Alarms
from evals.evidence.rival_explanation import Rival
from evals.judging.budget import BudgetCurve, BudgetPoint
from evals.report.page import ReportInput, render_page
from evals.risk.risk_report import RiskReport
from evals.statistics.exact_tests import Pair
from reading import text_of

STORED = Path(__file__).parent / "golden_page.txt"
FAMILY = "maze/proxy_corner"


def full(report: ReportInput, judge_risk: Callable[..., RiskReport]) -> ReportInput:
    """The made-up run with every part that a page can have; the risk is that of its evidence."""
    chosen = (Chosen(FAMILY, "goal_swap", 4, 4),)
    *others, rule = report.evidence.columns
    loud = replace(rule, alarms=(Alarms("plain", 2, 2, 0), *rule.alarms[1:]))
    evidence = replace(
        report.evidence,
        columns=(*others, loud),
        killers=(
            Rival("weight_norm", FAMILY, "void", "AUROC 1.00", 4, 0.001, "activations", FAMILY),
            Rival("false_alarms", "panel", "stands_out", "2 of 2 alarm", 2, 0.006, "", "plain"),
        ),
        selections=(Selection(chosen, "proxy", "outputs", 5, "ood_battery", 1.0, 0.75),),
        pairs=(Pair("goal_swap", "panel", 6, 0, 5, 1, 0.0625, 0.5),),
    )
    curve = BudgetCurve("proxy", "all", "outputs", (BudgetPoint(chosen, 1536, 1536),))
    risk = judge_risk(evidence)
    return replace(report, evidence=evidence, risk=risk, budget=(curve,))


def test_the_page_says_what_it_said_when_somebody_last_looked_at_it(
    report: ReportInput, judge_risk: Callable[..., RiskReport]
) -> None:
    page = render_page(full(report, judge_risk))
    text = text_of(page) + "\n"
    if place := os.environ.get("GOLDEN"):
        Path(place).write_text(page)
        STORED.write_text(text)
    lines = unified_diff(STORED.read_text().splitlines(), text.splitlines(), "stored", "now", n=0)
    difference = "\n".join(lines)
    assert not difference, difference
