"""The screen of `mesascope risk`: what docs/screens shows, within one terminal.

`python tests/evals/report/test_risk_screen.py` writes the screens again.
"""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from pathlib import Path

import pytest
from maze_panel import maze_panel

from evals.command.console import LiteralConsole
from evals.report.tables.risk_tables import RISK_TABLES, change_table, risk_screen
from evals.report.words.caveats import every_warning, warnings
from evals.risk.analysis import update_risk
from evals.risk.counts import Counts, reported
from evals.risk.risk_report import RiskReport
from made_evidence import quick_risk

DOCS = Path(__file__).parents[3] / "docs"
COUNTS = DOCS / "counts.csv"
WIDTHS = (80, 100)


def screen(report: RiskReport, width: int) -> str:
    paper = StringIO()
    console = LiteralConsole(file=paper, width=width)
    for part in risk_screen(report):
        console.print(part, highlight=False)
    return "\n".join(line.rstrip() for line in paper.getvalue().splitlines()) + "\n"


@pytest.fixture(scope="module")
def reports() -> Mapping[str, RiskReport]:
    supposed = {"detect.deceptive": 0.7, "emergence": 0.5}
    bare = (Counts("proxy", "a", 3, 5, 0.05, adversary="naive"),)
    return {
        "counts": update_risk(COUNTS),
        "many warnings": quick_risk(reported({"mine.csv": bare}), supposed=supposed),
        "panel": quick_risk(maze_panel()),
        "supposed": quick_risk(maze_panel(), supposed=supposed),
        "supposed alone": quick_risk(maze_panel(), 0.0, supposed=supposed),
    }


@pytest.mark.parametrize("width", WIDTHS)
def test_the_committed_screen_is_what_the_command_prints(
    reports: Mapping[str, RiskReport], width: int
) -> None:
    kept = (DOCS / "screens" / f"risk-{width}.txt").read_text(encoding="utf-8")
    assert screen(reports["counts"], width) == kept


@pytest.mark.parametrize("width", WIDTHS)
def test_every_screen_fits_and_cuts_nothing(reports: Mapping[str, RiskReport], width: int) -> None:
    for name, report in reports.items():
        lines = screen(report, width).splitlines()
        assert len(lines) <= 40, name
        assert max(map(len, lines)) <= width, name
        assert "…" not in "".join(lines), name
        assert sum(line.startswith("! ") for line in lines) <= 6, "five, and how many more"
    assert len(warnings(reports["many warnings"])) > 6


def test_what_is_supposed_is_said_and_no_judged_number_stands_for_it(
    reports: Mapping[str, RiskReport],
) -> None:
    text = " ".join(screen(reports["supposed"], 100).split())
    assert "Supposing detect.deceptive = 0.7, emergence = 0.5 at every weight" in text
    assert "by the supposition alone" in text
    headings = [column.header for column in change_table(reports["supposed"]).columns]
    assert headings[2] == "residual, judged, as supposed"
    (deceptive,) = (one for one in reports["supposed"].types if one.misalignment == "deceptive")
    assert deceptive.supposed_success is not None
    assert deceptive.supposed_success.q95 < 0.7, "detection of 0.7 times its correction"
    rows = [row for row in reports["supposed"].rows if row.scenario == "near_term"]
    first = reports["panel"].row("near_term", 0.0)
    assert all(row.unmitigated.mean != first.unmitigated.mean for row in rows), "at every weight"


def test_every_table_has_a_name_and_the_full_warnings_hold_the_short_ones(
    reports: Mapping[str, RiskReport],
) -> None:
    for report in reports.values():
        for name, table in RISK_TABLES.items():
            assert table(report).row_count, name
        full = " ".join(text for _, text in every_warning(report))
        assert all(note in full for note in (*report.notes, *report.flags))
        assert len(set(warnings(report))) == len(warnings(report))


def test_every_judged_figure_names_its_source(reports: Mapping[str, RiskReport]) -> None:
    judged = {one.name: one for one in reports["counts"].judged}
    assert len(judged) == 3 * 4 + 4 * 2 + 2 + 3
    for one in judged.values():
        assert "http" in one.source or "docs/adr" in one.source, one.name
        assert any(word.strip("(),").isdigit() for word in one.source.split()), "a year"


if __name__ == "__main__":
    for columns in WIDTHS:
        text = screen(update_risk(COUNTS), columns)
        (DOCS / "screens" / f"risk-{columns}.txt").write_text(text, encoding="utf-8")
