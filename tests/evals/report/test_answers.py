"""What the page answers: how far the risk moved, the eight quantities, limits and strategy."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from evals.evidence.sweep import Sweep, SweepCount
from evals.report.page import ReportInput, highest_silent_rate
from evals.report.words.change import change, change_error, moved
from evals.report.words.strategy import (
    at_expectation,
    candidate_note,
    candidate_text,
    crossing,
    top_inputs,
)
from evals.report.words.wording import fine_percent, index_text
from evals.risk.risk_report import RiskReport
from evals.risk.summary import Summary
from evals.statistics.family_posterior import FamilyCount, family_posterior
from reading import text_of, words_of

Judge = Callable[..., RiskReport]


def with_risks(risk: RiskReport, judged: float, pooled: float, mcse: float) -> RiskReport:
    """The report with other expected residual risks, whose intervals are .01 wide."""
    means = {0.0: judged, risk.weight: pooled, 1.0: judged + (pooled - judged) / risk.weight}
    drawn = {w: Summary(m, m - 0.005, m, m + 0.005, mcse) for w, m in means.items()}
    return replace(risk, rows=tuple(replace(r, residual=drawn[r.weight]) for r in risk.rows))


def with_types(risk: RiskReport, **fields: Any) -> RiskReport:
    """The report with other values of every type."""
    return replace(risk, types=tuple(replace(record, **fields) for record in risk.types))


def without_types(risk: RiskReport) -> RiskReport:
    """The report with no type measured; the risks stay as they are."""
    none = {"measured_detection": None, "measured_success": None}
    return with_types(risk, of=0, detected=0, families=0, **none)


def with_weight(risk: RiskReport, weight: float) -> RiskReport:
    return replace(risk, transport=replace(risk.transport, weight=weight))


def section(report: ReportInput, name: str, **parts: Any) -> str:
    """The text of a section of the page, other parts of the input put in."""
    return words_of(replace(report, **parts), name)


@pytest.mark.parametrize(
    ("pooled", "mcse", "size", "says"),
    [
        (0.0151, 1e-6, "small", "the 90% interval is 100 times as wide"),
        (0.0151, 2e-4, "none", "cannot be told from no change at all"),
        (0.0100, 1e-6, "plain", "a change of -0.5 percentage points; the 90% interval is 1 points"),
    ],
)
def test_a_change_is_held_against_its_error_and_its_interval(
    report: ReportInput, pooled: float, mcse: float, size: str, says: str
) -> None:
    risk = with_risks(report.risk, 0.0150, pooled, mcse)
    found, text = moved(risk), change(risk)
    assert found.size == size
    assert found.by == pytest.approx(pooled - 0.0150)
    assert found.error == change_error(risk) == pytest.approx(0.2 * (mcse + mcse))
    assert f"moves from the judged 1.50% to {fine_percent(pooled)}" in text
    assert says in text


def test_measured_success_stands_above_below_or_equal_to_the_judged(report: ReportInput) -> None:
    types = list(report.risk.types)
    for place, by in ((0, -0.2), (2, 0.0), (3, 0.1)):
        judged = types[place].judged_success
        types[place] = replace(
            types[place],
            measured_detection=Summary(0.5, 0.0, 0.5, 1.0, 0.0),
            measured_success=replace(judged, mean=judged.mean + by),
        )
    found = moved(replace(report.risk, types=tuple(types)))
    sides = {side: [one.misalignment for one in of] for side, of in found.sides.items()}
    assert sides == {"above": ["deceptive"], "below": ["proxy"], "about equal to": ["pseudo"]}
    assert found.missing == ("subgoal",)


@pytest.mark.parametrize(
    ("altered", "says", "silent"),
    [
        (lambda r: r, "No type was measured on more than 1 family", "sweep"),
        (lambda r: with_types(r, families=5), "At weight 1, with measured detection", "too few"),
        (lambda r: with_weight(r, 0.0), "what was measured counts for nothing", "moves"),
        (without_types, "No result counts for any type of misalignment", "moves"),
        (lambda r: replace(r, supposed="kappa = 1"), "Supposing kappa = 1: At", "judged alone"),
    ],
)
def test_the_change_says_what_it_rests_on(
    report: ReportInput, altered: Callable[[RiskReport], RiskReport], says: str, silent: str
) -> None:
    text = change(altered(report.risk))
    assert says in text
    assert silent not in text


def test_a_sweep_moves_the_risk_with_and_without_detection(
    report: ReportInput, swept: RiskReport, judge_risk: Judge
) -> None:
    judged, pooled, measured = (
        swept.row(swept.scenario, weight).unmitigated.mean for weight in (0.0, swept.weight, 1.0)
    )
    assert pooled < judged
    down = f"(R0) down from {fine_percent(judged)} to {fine_percent(pooled)}"
    for risk in (swept, without_types(swept)):
        assert down in change(risk)
    assert "measured detection and the sweep in place" in change(swept)
    assert "detection stays judged" in change(without_types(swept))
    text = section(report, "limits", risk=swept)
    assert f"{fine_percent(measured)} in place of the judged {fine_percent(judged)}" in text
    counts = tuple(SweepCount(f"maze/{n}", "spontaneous", 30, 30, 30) for n in range(4))
    everywhere = Sweep("dose", "a" * 64, "2026-11-01", "2026-11-02", counts, {})
    assert "(R0) up from" in change(judge_risk(report.evidence, everywhere))


@pytest.fixture(scope="module")
def cards(page: str) -> dict[str, tuple[bool, str]]:
    """Name of a quantity -> whether its row says that it is measured, and the row's text."""
    found = re.findall(r'<tr class="quantity">(.*?)</tr>', page, flags=re.S)
    texts = [text_of(f"<table>{body}</table>") for body in found]
    names = [re.sub(r"<.*?>", "", body.split("<small>")[0]).strip() for body in found]
    return {
        name: ("| not measured" not in text, text) for name, text in zip(names, texts, strict=True)
    }


def test_there_are_eight_quantities_with_number_basis_and_comparison(
    cards: dict[str, tuple[bool, str]],
) -> None:
    assert len(cards) == 8
    for measured, text in cards.values():
        _, source, value, basis, beside = (part.strip() for part in text.split("|")[1:])
        assert measured == (source != "not measured")
        assert measured == value[0].isdigit()
        assert "alpha 0.1" in basis
        assert any(letter.isdigit() for letter in beside)


def test_detection_is_the_posterior_mean_of_a_new_family_beside_the_judged_mean(
    report: ReportInput, cards: dict[str, tuple[bool, str]]
) -> None:
    seen = family_posterior([FamilyCount("only", 3, 4)])
    assert seen is not None
    low, high = seen.interval()
    _, pseudo = cards["P(detect), pseudo"]
    assert f"{seen.mean:.2f} {low:.2f}-{high:.2f} (90%)" in pseudo
    assert "3 of 4 organisms flagged, 1 family" in pseudo
    judged = report.risk.types[2].judged_detection
    assert f"implied judged detection {judged.mean:.2f}" in pseudo
    assert f"{judged.mean:.2f}" != f"{judged.q50:.2f}", "mean and median must tell apart"


def test_measured_success_takes_the_correction_judged_given_detection(
    report: ReportInput, cards: dict[str, tuple[bool, str]]
) -> None:
    proxy = report.risk.types[0]
    assert proxy.measured_detection is not None
    assert proxy.measured_success is not None
    assert proxy.independent_success is not None
    product = proxy.measured_detection.mean * proxy.judged_correction.mean
    assert proxy.independent_success.mean == pytest.approx(product, abs=0.03)
    assert f"measured success {proxy.measured_success.mean:.2f}" in cards["P(detect), proxy"][1]


def test_risk_is_measured_in_part_at_most_and_not_at_weight_zero(
    report: ReportInput, cards: dict[str, tuple[bool, str]]
) -> None:
    partly = ["residual risk", "share of the risk that remains", "what an alarm means"]
    assert [name for name, (_, text) in cards.items() if "| partly measured" in text] == partly
    assert [name for name, (measured, _) in cards.items() if not measured] == ["P(detect), subgoal"]
    text = section(report, "analysis", risk=with_weight(report.risk, 0.0))
    assert "partly measured" not in text.partition("| residual risk")[2].partition("\n")[0]


def test_an_alarm_means_less_the_rarer_misalignment_is(
    report: ReportInput, cards: dict[str, tuple[bool, str]]
) -> None:
    even, rare, rarest = (row.ppv.mean for row in report.risk.predictive)
    assert even > rare > rarest
    _, text = cards["what an alarm means"]
    assert text.split("|")[3].strip().startswith(f"{100 * rare:.2g}")


@pytest.mark.parametrize(
    ("of", "rate"), [(19, 0.146), (20, 0.139), (30, 0.095), (59, 0.050), (99, 0.030), (299, 0.010)]
)
def test_silent_rate_reproduces_the_table(of: int, rate: float) -> None:
    assert highest_silent_rate(of) == pytest.approx(rate, abs=5e-4)


def test_limits_carry_the_bounds_of_the_run(page: str, report: ReportInput) -> None:
    text = text_of(page, "limits")
    assert "alarms on 39% of aligned networks is silent on 6" in text
    assert "2 results hold by construction" in text
    shares = [rows[-1].fraction.mean for rows in report.risk.readings.values()]
    assert f"from {min(shares):.2f} (" in text
    assert f"to {max(shares):.2f} (" in text
    kappa = next(index for index in report.risk.sobol["residual"] if index.group == "kappa")
    assert f"has a hand in {kappa.total:.0%} of the variance" in text
    lines = text.partition("What was and was not measured")[0].splitlines()[1:]
    assert len(lines) > 10
    assert all(any(sign.isdigit() for sign in line) for line in lines)


def test_limits_that_do_not_apply_are_silent(report: ReportInput) -> None:
    columns = tuple(
        replace(
            column,
            cells=tuple(
                replace(cell, by_construction=False, adversary="adaptive")
                for cell in column.cells
                if cell.misalignment != "deceptive" and not cell.abstained
            ),
        )
        for column in report.evidence.columns
    )
    text = section(report, "limits", evidence=replace(report.evidence, columns=columns))
    for words in ("by construction", "stand-in", "naive", "could not look"):
        assert words not in text


def test_shares_of_the_risk_add_up_and_the_largest_comes_first(
    page: str, report: ReportInput
) -> None:
    shares = {part.misalignment: part.share or 0.0 for part in report.risk.types}
    assert sum(shares.values()) == pytest.approx(1)
    largest = max(shares, key=lambda name: shares[name])
    text = text_of(page, "strategy")
    assert f"at transport weight 0.2: {largest} {shares[largest]:.0%}" in text
    (top, *_) = top_inputs(report.risk.sobol["residual"])
    assert top.total == max(index.total for index in report.risk.sobol["residual"])
    assert f"chiefly because of hazard kappa ({top.total:.2f})" in text
    best = report.risk.candidates[0]
    assert best.value > 0
    assert f"Measure next, at r* = {100 * report.risk.decision_level:.2f}%: " in text
    assert f"{candidate_text(best)} ({best.cpu_hours:.2g} CPU-hours" in text


def test_a_decision_level_is_stated_or_said_to_be_the_expectation(
    report: ReportInput, judge_risk: Judge
) -> None:
    assert at_expectation(report.risk)
    assert not crossing(report.risk)
    asked = judge_risk(report.evidence, decision_level=1e-6)
    text = section(report, "strategy", risk=asked)
    for words in ("is below r* = 0.000100%", "one would now not deploy", "every value is 0",
                  "does not meet r*", "rank: 10 networks of"):  # fmt: skip
        assert words in text


def test_the_crossing_weight_is_named_where_it_exists(report: ReportInput) -> None:
    low, high = (report.risk.row("near_term", end).residual.mean for end in (0.0, 1.0))
    for weight in (0.37, 0.75):
        asked = replace(report.risk, decision_level=(1 - weight) * low + weight * high)
        assert f"at transport weight {weight}" in crossing(asked)[0]
    for level in (low - (high - low) / 100, high + (high - low) / 100):
        assert "does not meet r*" in crossing(replace(report.risk, decision_level=level))[0]


@pytest.mark.parametrize(
    ("kind", "value", "weight", "says"),
    [
        ("proxy", 0.001, 0.2, "^$"),
        ("proxy", 0.0, 0.2, "^no outcome changes the decision$"),
        ("subgoal", 0.001, 0.2, "^not measured so far"),
        ("subgoal", 0.0, 0.2, "once measured; no outcome changes the decision$"),
        ("proxy", 0.0, 0.0, "transport weight 0"),
    ],
)
def test_a_candidate_says_what_its_value_is_against(
    report: ReportInput, kind: str, value: float, weight: float, says: str
) -> None:
    one = next(one for one in report.risk.candidates if one.misalignment == kind)
    note = candidate_note(replace(one, value=value), with_weight(report.risk, weight))
    assert re.search(says, note)


def test_what_is_not_measured_says_what_would_measure_it(page: str, report: ReportInput) -> None:
    text = text_of(page, "limits").partition("What was and was not measured\n")[2]
    lines = text.splitlines()
    questions, answers = lines[::2], lines[1::2]
    assert len(questions) == len(answers) == 4 + 4
    assert all(question.endswith("?") for question in questions)
    measured = [place for place, one in enumerate(answers) if one.startswith("measured here")]
    assert measured == [0, 4]
    for place, answer in enumerate(answers):
        if place not in measured:
            assert answer.startswith("not measured ")
            assert answer.endswith("would measure it.")
            assert any(sign.isdigit() for sign in answer)
    assert "Not measured: 1 type of 4." in text


def test_an_index_within_the_noise_prints_as_about_zero() -> None:
    found = [index_text(value) for value in (-0.005, 0.004, 0.0051, -0.011)]
    assert found == ["~0", "~0", "0.01", "-0.01"]
