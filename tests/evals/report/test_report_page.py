"""The report page holds every count and limit, and nothing that a browser would have to fetch."""

import re
from collections.abc import Callable
from dataclasses import replace
from html import escape
from html.parser import HTMLParser
from io import StringIO

import pytest
from rich.console import Console

from evals.evidence.detector_rates import Cell, Column
from evals.evidence.evidence import Evidence
from evals.evidence.rival_explanation import Killer
from evals.report.page import Finding, ReportInput, render_page
from evals.report.tables.rates_table import detection_table
from evals.report.words.limits import limits
from evals.risk.merged import merge
from evals.risk.risk_report import RiskReport
from evals.statistics.limit import Limit

PROXY = "maze/proxy_corner"
Judge = Callable[..., RiskReport]
HOSTILE = "<script>alert('x')</script> $\\frac$ & \"quote\""
VOID = {"meta", "br", "link", "img", "hr", "input"}


class Reader(HTMLParser):
    """Collects ids and attributes, and checks that every element is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "xlink:href"):
                self.references.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    assert not reader.open
    return reader


def without_cells(column: Column, misalignment: str) -> Column:
    kept = tuple(cell for cell in column.cells if cell.misalignment != misalignment)
    return replace(column, cells=kept)


def unmeasured(risk: RiskReport) -> RiskReport:
    """The report of a run that scored no organism and has no control."""
    types = tuple(
        replace(
            record, families=0, detected=0, of=0, measured_detection=None, measured_success=None
        )
        for record in risk.types
    )
    access = tuple(replace(row, detection=dict.fromkeys(row.detection)) for row in risk.access)
    return replace(
        risk,
        types=types,
        access=access,
        predictive=(),
        candidates=(),
    )


def require_clean(page: str) -> None:
    read(page)
    assert not re.search(r"\b(nan|NaN|None|inf|-inf|Infinity|Undefined)\b", page)


def test_page_holds_every_count_and_limit(report: ReportInput) -> None:
    page = render_page(report)
    require_clean(page)
    for column in report.evidence.columns:
        assert column.name in page
        assert "/" in column.name or column.alarm_text in page
        for cell in column.cells:
            assert cell.rate.text in page
            assert f"{cell.detected} of {cell.attempted} attempted" in page
            assert cell.auroc is None or f"AUROC {cell.auroc:.2f}" in page
    for sentence in limits(report.evidence, report.risk):
        assert str(escape(sentence, quote=False)) in page.replace("&#34;", '"').replace(
            "&#39;", "'"
        )
    for row in report.evidence.population:
        assert all(escape(dud, quote=False) in page for dud in row.duds)
    for value in (report.evidence.suite_hash, report.evidence.scores_sha256, "20260"):
        assert value in page
    assert "Seen families only; not a headline" in page


def test_page_needs_no_other_file(report: ReportInput) -> None:
    page = render_page(report)
    reader = read(page)
    assert not reader.tags & {"script", "link", "img", "iframe", "object"}
    assert all(reference.startswith("#") for reference in reader.references)
    assert not re.search(r"https?://|@import|url\((?!#)", page)
    assert len(reader.ids) == len(set(reader.ids))
    assert {reference[1:] for reference in reader.references} <= set(reader.ids)


def test_same_input_gives_the_same_bytes(report: ReportInput) -> None:
    assert render_page(report) == render_page(report)


def test_another_count_gives_another_page(report: ReportInput) -> None:
    rule = report.evidence.column("panel")
    cells = (replace(rule.cells[0], detected=1), *rule.cells[1:])
    fewer = replace(rule, cells=cells)
    columns = tuple(fewer if c.name == "panel" else c for c in report.evidence.columns)
    changed = replace(report, evidence=replace(report.evidence, columns=columns))
    assert render_page(changed) != render_page(report)


def test_hostile_text_is_escaped(report: ReportInput, judge_risk: Judge) -> None:
    hostile = replace(
        report.evidence,
        rule=HOSTILE,
        suite=HOSTILE,
        provenance={HOSTILE: HOSTILE},
        columns=tuple(
            replace(c, name=HOSTILE, access=HOSTILE) if c.name == "panel" else c
            for c in report.evidence.columns
        ),
    )
    pair = report.walks[0]
    walk = replace(pair.aligned, title=HOSTILE, caption=HOSTILE)
    page = render_page(
        ReportInput(
            hostile,
            judge_risk(hostile),
            (replace(pair, misalignment=HOSTILE, aligned=walk),),
            (Finding(HOSTILE, HOSTILE, HOSTILE),),
        )
    )
    assert "script" not in read(page).tags
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_type_without_organisms(report: ReportInput, judge_risk: Judge) -> None:
    columns = tuple(without_cells(c, "pseudo") for c in report.evidence.columns)
    evidence = replace(report.evidence, columns=columns)
    page = render_page(ReportInput(evidence, judge_risk(evidence)))
    require_clean(page)
    assert "Subgoal and pseudo alignment were not measured" in page


def test_family_without_admitted_organisms(report: ReportInput, judge_risk: Judge) -> None:
    def emptied(cell: Cell) -> Cell:
        if cell.misalignment != "proxy":
            return cell
        return replace(cell, detected=0, of=0, abstained=0, auroc=None, auroc_interval=None)

    columns = tuple(replace(c, cells=tuple(map(emptied, c.cells))) for c in report.evidence.columns)
    population = tuple(
        replace(row, admitted=0, spec_hashes=(), duds=("seed 1: no competence",) * row.attempted)
        if row.misalignment == "proxy"
        else row
        for row in report.evidence.population
    )
    evidence = replace(report.evidence, columns=columns, population=population)
    page = render_page(ReportInput(evidence, judge_risk(evidence)))
    require_clean(page)
    assert "0 of 0 (no networks)" in page
    assert "no AUROC" in page


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        (Limit(None, "none", "too few aligned families", 1, 12, 0.0), "never alarms"),
        (Limit(None, "rank", "all abstained", 3, 12, 1 / 13), "any score alarms"),
    ],
)
def test_a_limit_that_is_no_number(report: ReportInput, limit: Limit, says: str) -> None:
    columns = tuple(
        replace(c, limit=limit, cells=tuple(replace(x, detected=0) for x in c.cells))
        for c in report.evidence.columns
    )
    page = render_page(replace(report, evidence=replace(report.evidence, columns=columns)))
    require_clean(page)
    assert says in page


def test_abstentions_are_shown(report: ReportInput) -> None:
    page = render_page(report)
    assert "0 of 4 (0.00-0.60), 4 abstained" in page
    assert "0 of 4, 4 abst." in page
    assert "context_screen on 4 organisms gave no score" in page


def test_one_column_only(report: ReportInput) -> None:
    only = replace(report.evidence, columns=(report.evidence.column("panel"),))
    page = render_page(replace(report, evidence=only))
    require_clean(page)
    assert "other columns" not in page


def test_no_organism_and_no_control(report: ReportInput) -> None:
    rule = replace(report.evidence.column("panel"), cells=(), alarms=())
    calibrating = tuple(row for row in report.evidence.population if row.role == "calibration")
    bare = replace(report.evidence, columns=(rule,), population=calibrating)
    page = render_page(ReportInput(bare, unmeasured(report.risk)))
    require_clean(page)
    assert "No cell counts for any type of misalignment" in page
    assert "Nothing was measured" in page
    assert "no controls" in page


def test_an_aligned_family_that_stands_out_is_said_first(report: ReportInput) -> None:
    text = "2 of 2 networks of maze/aligned_odd raise a false alarm"
    loud = Killer("false_alarms", "panel", "stands_out", text, 2, 0.001)
    page = render_page(replace(report, evidence=replace(report.evidence, killers=(loud,))))
    assert f"An aligned family stands out: {text}." in page


def test_every_picture_has_words(report: ReportInput) -> None:
    page = render_page(report)
    pictures = re.findall(r"<svg [^>]*>", page)
    assert len(pictures) == 4 + 1 + 2 + 5
    assert all('role="img"' in picture and "aria-label=" in picture for picture in pictures)
    assert all("scope=" in head for head in re.findall(r"<th[ >][^>]*>", page))


def test_what_is_supposed_is_not_called_judged(evidence: Evidence, judge_risk: Judge) -> None:
    supposed = judge_risk(evidence, supposed={"emergence": 0.5})
    page = render_page(ReportInput(evidence, supposed))
    assert "Risk, supposing emergence = 0.5: mean and 90% interval" in page
    assert "Risk: mean and 90% interval" not in page


def test_page_holds_the_risk_part(report: ReportInput) -> None:
    page, risk = render_page(report), report.risk
    texts = [*risk.readings, *(one.name for one in risk.consistency)]
    texts += [one.sentence for one in risk.consistency]
    texts += [f"{row.false_alarms.detected} of {row.false_alarms.of}" for row in risk.access]
    texts += [step.title for step in risk.transport.steps]
    texts += [step.void for step in risk.transport.steps]
    for text in texts:
        assert escape(text, quote=False) in page
    for section in ("analysis", "strategy", "checks", "limits", "unknowns"):
        assert f'<section id="{section}">' in page
        assert f'href="#{section}"' in page
    assert page.count('<article class="card') == 8
    assert "~0" in page
    assert "Risk: mean and 90% interval" in page
    assert "measured on 12 organisms of 3 families" in page
    assert "measured detection, subgoal" not in page


def test_a_void_claim_is_marked_in_table_notes_and_page(report: ReportInput) -> None:
    killer = Killer(
        "weight_norm", PROXY, "void", "AUROC 1.00 <of norm>", 4, 0.001, "activations", PROXY
    )
    evidence = replace(report.evidence, killers=(killer,))
    page = render_page(replace(report, evidence=evidence))
    read(page)
    assert "void: weight norm" in page
    assert "4 of 4 proxy (void)" in page
    assert "4 of 4 proxy (void)" not in render_page(report)
    assert f"void on {PROXY} by weight norm: panel 4/4" in page
    assert "AUROC 1.00 &lt;of norm&gt;" in page
    assert "void: weight norm" not in render_page(report)
    marks = merge([evidence]).caveats()
    assert f"left out, void by weight_norm (another explanation fits): {PROXY}" in marks["proxy"]
    assert "deceptive" not in marks
    paper = Console(file=StringIO(), width=200)
    paper.print(detection_table(evidence))
    assert "†" in paper.file.getvalue()  # type: ignore[attr-defined]


def test_cells_by_construction_are_left_out_and_shown_as_a_bound(
    evidence: Evidence, judge_risk: Judge
) -> None:
    def marked(column: Column) -> Column:
        cells = tuple(replace(c, by_construction=c.family == PROXY) for c in column.cells)
        return replace(column, cells=cells)

    columns = tuple(marked(c) if c.role == "rule" else c for c in evidence.columns)
    risk = judge_risk(replace(evidence, columns=columns))
    page = render_page(ReportInput(replace(evidence, columns=columns), risk))
    require_clean(page)
    proxy = risk.types[0]
    assert proxy.measured_detection is None
    assert proxy.with_left_out is not None
    assert f"{proxy.with_left_out.mean:.2f} ({proxy.with_left_out.q05:.2f}" in page
    assert "with the cells left out it is 4 of 4, an upper bound" in page
