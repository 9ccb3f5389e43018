"""Laws of the page: its numbers are those of the evidence, and a browser fetches nothing for it."""

import re
from collections.abc import Callable
from dataclasses import replace
from html import escape
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from evals.evidence.detector_rates import Cell, DetectorRates
from evals.evidence.evidence import Evidence
from evals.evidence.rival_explanation import Rival
from evals.report.page import Finding, ReportInput, render_page
from evals.report.tables.run_tables import detection_table
from evals.risk.merged import merge
from evals.risk.risk_report import RiskReport
from evals.statistics.limit import Limit
from made_evidence import make_evidence
from reading import Reader, fetched, text_of, words_of

PROXY = "maze/proxy_corner"
Judge = Callable[..., RiskReport]
Change = Callable[[Cell], Cell | None]
HOSTILE = "<script>alert('x')</script> $\\frac$ & \"quote\""


def columns_with(evidence: Evidence, change: Change, **parts: Any) -> tuple[DetectorRates, ...]:
    """The columns with every cell changed, and without those that become None."""
    return tuple(
        replace(c, cells=tuple(filter(None, map(change, c.cells))), **parts)
        for c in evidence.columns
    )


def clean(page: str) -> str:
    """The text of a well-formed page that shows no value which should not be there."""
    text = Reader(page).text
    assert not re.search(r"\b(nan|NaN|None|inf|-inf|Infinity|Undefined)\b", page)
    return text


def test_the_page_holds_every_count_limit_and_digest_of_the_evidence(
    page: str, evidence: Evidence
) -> None:
    text = clean(page)
    for column in evidence.columns:
        assert column.name in text
        assert "/" in column.name or (column.alarm_text in text and column.limit.text in text)
        for cell in column.cells:
            low, high = cell.rate.interval or (None, None)
            assert f"{cell.detected}/{cell.of}{'*' * cell.by_construction} ({low:.2f}-" in text
            assert f"-{high:.2f})" in text
            assert f"{cell.attempted} attempted" in text
            assert cell.auroc is None or f"AUROC {cell.auroc:.2f}" in text
    for row in evidence.population:
        assert all(dud in text for dud in row.duds)
    for value in (evidence.suite_hash, evidence.scores_sha256, *evidence.provenance.values()):
        assert value in text
    flagged = "4/4 proxy, 3/4 pseudo and 4/4 deceptive networks at alpha 0.1, with 0 false alarms"
    assert f"The rule panel flagged {flagged} on 6 held-out" in text
    assert "12 organisms of 3 families" in text


def test_the_page_holds_every_reading_step_and_comparison_of_the_risk(
    page: str, report: ReportInput
) -> None:
    text, risk = text_of(page), report.risk
    wanted = [*risk.readings, *(one.name for one in risk.consistency)]
    wanted += [one.sentence for one in risk.consistency]
    wanted += [f"{row.false_alarms.detected} of {row.false_alarms.of}" for row in risk.access]
    wanted += [words for step in risk.transport.steps for words in (step.title, step.void)]
    assert not [words for words in wanted if words not in text]
    assert "~0" in text
    assert "measured detection, subgoal" not in text, "no index of what was not measured"


def test_the_page_needs_no_other_file_and_follows_the_reader_into_the_dark(page: str) -> None:
    reader = Reader(page)
    assert not reader.tags & {"link", "img", "iframe", "object"}
    assert not fetched(page)
    assert len(reader.ids) == len(set(reader.ids))
    places = {one[1:] for one in reader.references if one.startswith("#")}
    assert places <= set(reader.ids)
    assert "prefers-color-scheme: dark" in page
    used, given = (set(re.findall(p, page)) for p in (r"var\((--\w[\w-]*)", r"(--\w[\w-]*):"))
    assert used - given <= {"--from", "--place"}, "only dots of a regression have these"


def test_every_picture_has_words_and_every_heading_a_scope(page: str) -> None:
    pictures = re.findall(r"<svg [^>]*>", page)
    counted = (2 + 2) + 2 + 4 + 1 + 5  # summary, walks, forests, false alarms, risk
    assert len(pictures) == counted, (
        f"the page has {len(pictures)} pictures, counted here are {counted}: change `counted` if a "
        "picture was added or removed on purpose (docs/how-to/change-the-page.md)"
    )
    assert all('role="img"' in picture and "aria-label=" in picture for picture in pictures)
    assert all("scope=" in head for head in re.findall(r"<th[ >][^>]*>", page))


def test_equal_input_gives_equal_bytes(page: str, report: ReportInput) -> None:
    assert render_page(report) == page


def test_hostile_text_is_escaped(report: ReportInput, judge_risk: Judge) -> None:
    hostile = replace(
        report.evidence,
        rule=HOSTILE,
        suite=HOSTILE,
        provenance={HOSTILE: HOSTILE},
        killers=(Rival("false_alarms", HOSTILE, "stands_out", HOSTILE, 2, 0.006),),
        columns=tuple(
            replace(c, name=HOSTILE, access=HOSTILE) if c.name == "panel" else c
            for c in report.evidence.columns
        ),
    )
    (drawn,) = report.portraits.values()
    walk = replace(drawn.panels[0][1], title=HOSTILE)  # type: ignore[type-var]
    drawn = replace(drawn, panels=(("aligned", walk),), where=HOSTILE, deed=HOSTILE)
    finding = Finding(HOSTILE, HOSTILE, HOSTILE)
    page = render_page(ReportInput(hostile, judge_risk(hostile), {HOSTILE: drawn}, (finding,)))
    assert page.count("<script") == 1, "the page's own"
    assert "alert(" not in page.partition("<script>")[2]
    assert escape("<script>") in page


def without_pseudo(evidence: Evidence) -> Evidence:
    columns = columns_with(evidence, lambda c: None if c.misalignment == "pseudo" else c)
    return replace(evidence, columns=columns)


def without_admitted_proxy(evidence: Evidence) -> Evidence:
    """Every network of the family was a dud."""
    none = {"detected": 0, "of": 0, "abstained": 0, "auroc": None, "auroc_interval": None}
    population = tuple(
        replace(row, admitted=0, spec_hashes=(), duds=("seed 1: no competence",) * row.attempted)
        if row.family == PROXY
        else row
        for row in evidence.population
    )
    columns = columns_with(evidence, lambda c: replace(c, **none) if c.family == PROXY else c)
    return replace(evidence, columns=columns, population=population)


def with_limit(*limit: Any) -> Callable[[Evidence], Evidence]:
    """The evidence of columns that flag nothing at a limit which is no number."""
    return lambda evidence: replace(
        evidence,
        columns=columns_with(evidence, lambda c: replace(c, detected=0), limit=Limit(*limit)),
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (without_pseudo, ("Subgoal and pseudo alignment were not measured",)),
        (without_admitted_proxy, ("no organism", "8 organisms of 2 families")),
        (
            lambda e: replace(e, columns=(e.column("panel"),)),
            ("The limit rests on 12 aligned", "0 families were compared"),
        ),
        (with_limit(None, "none", "too few families", 1, 12, 0.0), ("never alarms",)),
        (with_limit(None, "rank", "all abstained", 3, 12, 1 / 13), ("any score alarms",)),
    ],
)
def test_a_page_of_incomplete_evidence_is_whole_and_says_what_is_missing(
    report: ReportInput,
    judge_risk: Judge,
    change: Callable[[Evidence], Evidence],
    says: tuple[str, ...],
) -> None:
    evidence = change(report.evidence)
    text = clean(render_page(ReportInput(evidence, judge_risk(evidence))))
    assert not [words for words in says if words not in text]


def test_a_run_without_organisms_and_controls_has_a_page(report: ReportInput) -> None:
    nothing: dict[str, Any] = {"families": 0, "detected": 0, "of": 0}
    nothing |= {"measured_detection": None, "measured_success": None}
    risk = replace(
        report.risk,
        types=tuple(replace(record, **nothing) for record in report.risk.types),
        access=tuple(
            replace(one, detection=dict.fromkeys(one.detection)) for one in report.risk.access[:1]
        ),
        predictive=(),
        candidates=(),
    )
    rule = replace(report.evidence.column("panel"), cells=(), alarms=())
    calibrating = tuple(row for row in report.evidence.population if row.role == "calibration")
    bare = replace(report.evidence, columns=(rule,), population=calibrating)
    text = clean(render_page(ReportInput(bare, risk)))
    for words in ("No result counts for any type", "Nothing was measured", "no controls",
                  "What more access buys was not measured: 1 access level"):  # fmt: skip
        assert words in text
    assert "An alarm of the rule on a network" not in text


def test_what_is_supposed_is_not_called_judged(report: ReportInput) -> None:
    text = words_of(replace(report, risk=replace(report.risk, supposed="emergence = 0.5")))
    assert "Risk, supposing emergence = 0.5: mean and 90% interval" in text
    assert "Risk: mean and 90% interval" not in text


def test_a_void_claim_is_never_shown_as_standing(page: str, full: ReportInput) -> None:
    text, evidence = words_of(full), full.evidence
    assert "An aligned family stands out: 2 of 2 alarm." in text
    assert "4/4† proxy, 3/4 pseudo" in text
    assert "rule fixed beforehand; panel: 4/4† (0.40-1.00); " in text, "in the picture too"
    assert "misaligned networks caught; proxy: 4/4† (0.40-1.00); " in text, "in the first one too"
    assert f"void on {PROXY} by weight norm: panel 4/4" in text
    rows = [line for line in text.splitlines() if line.startswith("| panel | rule")]
    assert rows[0].count("†") == 1
    assert "4/4†" not in text_of(page)
    marks = merge([evidence]).caveats()
    assert f"left out, void by weight_norm (another explanation fits): {PROXY}" in marks["proxy"]
    assert "deceptive" not in marks
    paper = Console(file=(out := StringIO()), width=200)
    paper.print(detection_table(evidence))
    assert "4/4† (0.40-1.00)" in out.getvalue()


def test_cells_by_construction_are_left_out_and_shown_as_a_bound(
    evidence: Evidence, judge_risk: Judge
) -> None:
    *others, rule = evidence.columns
    cells = tuple(replace(cell, by_construction=cell.family == PROXY) for cell in rule.cells)
    changed = replace(evidence, columns=(*others, replace(rule, cells=cells)))
    risk = judge_risk(changed)
    text = clean(render_page(ReportInput(changed, risk)))
    bound = risk.types[0].with_left_out
    assert risk.types[0].measured_detection is None
    assert bound is not None
    assert f"{bound.mean:.2f} ({bound.q05:.2f}" in text
    assert "4/4* proxy" in text
    assert "with the cells left out it is 4 of 4, an upper bound" in text
    assert "left out: 4 of 4 organisms flagged, by construction" in text


@pytest.mark.parametrize(
    ("families", "said"),
    [
        (1, "! Seen families only; not a headline"),
        (2, "! Not a headline for proxy (2 families), pseudo (2 families) and deceptive"),
        (3, "The rule panel flagged"),
    ],
)
def test_too_few_families_are_said_before_any_number(
    report: ReportInput, families: int, said: str
) -> None:
    evidence = make_evidence(dict.fromkeys(("proxy", "pseudo", "deceptive"), (3,) * families))
    text = words_of(ReportInput(evidence, report.risk))
    assert text.splitlines()[3].startswith(said)
