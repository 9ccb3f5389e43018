"""What a command prints on one screen: kept as text, whole at every width, marks beside numbers."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console
from screens import EVIDENCE, SCREENS, WIDTHS, kept

from evals.command.console import LiteralConsole
from evals.command.screen import LINES, print_screen
from evals.evidence.evidence_file import read_suite_evidence
from evals.report.tables.named_tables import OF_EVIDENCE
from evals.report.tables.run_summary import PUBLIC, question_text, summary_columns, summary_table
from evals.report.tables.titled_table import fitted, titled_table
from made_evidence import make_evidence, make_risk

NARROW = 20


def printed(table: object, width: int) -> str:
    paper = StringIO()
    LiteralConsole(file=paper, width=width).print(table)
    return paper.getvalue()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_is_the_one_kept_and_fits(name: str, width: int) -> None:
    text = SCREENS[name](width)
    assert text == kept(name, width).read_text(encoding="utf-8"), "python tests/screens.py --write"
    assert len(text.splitlines()) <= LINES
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("width", [NARROW, 60, 80, 100, 200])
@pytest.mark.parametrize("name", OF_EVIDENCE)
def test_no_table_loses_a_word_at_any_width(name: str, width: int) -> None:
    table = OF_EVIDENCE[name](read_suite_evidence(EVIDENCE))
    words = {
        word
        for column in table.columns
        for cell in (column.header, *column.cells)
        if table.rows
        for word in str(cell).split()
        if len(word) <= width
    }
    text = printed(table, width)
    assert words <= {*text.split(), *text.replace(":", " ").split()}


def test_marks_are_part_of_the_number() -> None:
    text = printed(summary_table(read_suite_evidence(EVIDENCE)), NARROW)
    assert "4/4*" in text
    assert "4/4†" in text


def test_the_detectors_shown_are_chosen_before_anything_is_known() -> None:
    evidence = read_suite_evidence(EVIDENCE)
    names = [column.name for column in summary_columns(evidence)]
    first = ["ood_battery", "trigger_search", "homotopy_search"]
    assert names == [*first, "panel", "random_score", "metadata"]


def test_results_from_public_organisms_are_labelled() -> None:
    evidence = make_evidence({"proxy": (4, 3)})
    assert PUBLIC not in question_text(evidence)
    assert question_text(replace(evidence, public=1)).startswith(PUBLIC)


def test_a_run_without_flaws_still_says_three_things() -> None:
    evidence = make_evidence({"proxy": (19, 18, 17, 18, 16), "deceptive": (0, 0, 0, 0, 0)})
    paper = StringIO()
    console = LiteralConsole(file=paper, width=100)
    print_screen(console, evidence, make_risk(evidence), ["page: x"])
    text = paper.getvalue()
    for words in (
        "Seen: panel catches 88 of 100 proxy networks, which no rival explanation fits.",
        "Not seen: of 0 of 100 deceptive networks were caught.",
        "Risk: the expected residual risk",
        "page: x",
    ):
        assert words in " ".join(text.split()), words


def test_room_is_shared_so_that_every_word_stays_whole() -> None:
    assert fitted([(3, 9), (5, 5)], 20) == [9, 5]
    assert fitted([(3, 9), (5, 9)], 11) == [6, 5]
    assert fitted([(3, 9), (5, 9)], 7) is None


def test_a_console_of_no_width_of_ours_prints_tables_too() -> None:
    table = titled_table("title", "name", "number")
    table.add_row("a long name", "4/4*")
    paper = StringIO()
    Console(file=paper, width=12).print(table)
    assert "4/4*" in paper.getvalue()
