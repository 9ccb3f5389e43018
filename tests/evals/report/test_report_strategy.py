"""Strategy, unknowns and assumptions carry the run's numbers and admit what has none."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from evals.evidence.evidence import Evidence
from evals.report.page import ReportInput
from evals.report.words.strategy import at_expectation, candidate_note, candidate_text, strategy
from evals.report.words.unknowns import Answer, assumptions, unknowns
from evals.report.words.wording import fine_percent, index_text
from evals.risk.risk_report import RiskReport


def said(risk: RiskReport) -> str:
    return "\n".join(strategy(risk))


def test_every_sentence_holds_a_number(report: ReportInput) -> None:
    for sentence in strategy(report.risk):
        assert any(letter.isdigit() for letter in sentence)


def test_shares_add_up_and_the_largest_comes_first(report: ReportInput) -> None:
    shares = {part.misalignment: part.share or 0.0 for part in report.risk.types}
    assert sum(shares.values()) == pytest.approx(1)
    largest = max(shares, key=lambda name: shares[name])
    assert f"at transport weight 0.2: {largest} {shares[largest]:.0%}" in said(report.risk)


def test_inputs_that_matter_most_are_those_of_the_largest_total(report: ReportInput) -> None:
    top = max(report.risk.sobol["residual"], key=lambda index: index.total)
    assert top.group == "kappa"
    assert f"chiefly because of hazard kappa ({top.total:.2f})" in said(report.risk)


def test_decision_level_is_stated_or_said_to_be_the_expectation(
    report: ReportInput, evidence: Evidence, judge_risk: Callable[..., RiskReport]
) -> None:
    assert at_expectation(report.risk)
    assert "No level was stated" in said(report.risk)
    asked = judge_risk(evidence, decision_level=1e-6)
    assert not at_expectation(asked)
    text = said(asked)
    assert "is below r* = 0.000100%" in text
    assert "one would now not deploy" in text
    assert "does not meet r*" in text
    assert "every value is 0, as no outcome moves the expected risk" in text
    assert "for their cost, they rank: 10 networks of" in text


def test_crossing_weight_is_named_where_it_exists(report: ReportInput) -> None:
    low, high = (report.risk.row("near_term", end).residual.mean for end in (0.0, 1.0))
    for weight in (0.37, 0.75):
        asked = replace(report.risk, decision_level=(1 - weight) * low + weight * high)
        assert f"at transport weight {weight}" in said(asked)
    for level in (low - (high - low) / 100, high + (high - low) / 100):
        assert "does not meet r*" in said(replace(report.risk, decision_level=level))


def test_a_candidate_says_what_its_value_is_against(report: ReportInput) -> None:
    def note(misalignment: str, value: float, weight: float = 0.2) -> str:
        risk = replace(report.risk, transport=replace(report.risk.transport, weight=weight))
        one = next(one for one in risk.candidates if one.misalignment == misalignment)
        return candidate_note(replace(one, value=value), risk)

    assert note("proxy", 0.001) == ""
    assert note("proxy", 0.0) == "no outcome changes the decision"
    assert note("subgoal", 0.001).startswith("not measured so far")
    assert note("subgoal", 0.0).endswith("once measured; no outcome changes the decision")
    assert "transport weight 0" in note("proxy", 0.0, weight=0.0)


def test_best_candidate_comes_first_with_its_widths(report: ReportInput) -> None:
    best = report.risk.candidates[0]
    assert best.value > 0
    text = said(report.risk)
    assert f"Measure next, at r* = {100 * report.risk.decision_level:.2f}%" in text
    assert candidate_text(best) in text
    assert f"{best.width_now:.2f} wide now, {best.width_after:.2f} expected after" in text


def test_access_compares_the_most_with_the_least(report: ReportInput) -> None:
    assert "with activations and" in said(report.risk)
    assert "with outputs alone" in said(report.risk)
    assert "measured on the same 12 organisms of 3 families" in said(report.risk)
    only = replace(report.risk, access=report.risk.access[:1])
    assert "What more access buys was not measured: 1 access level of the rule." in said(only)


def test_wanted_families_and_shares_claim_no_more_than_the_model(report: ReportInput) -> None:
    text = said(report.risk)
    assert "3 more families of subgoal" in text
    assert "leaves the rate of a new family open, however many networks are built" in text
    assert "teaches more" not in text
    assert "Perfect handling of the largest part would remove most" in text


def test_silent_rule_gives_alarms_no_meaning(report: ReportInput) -> None:
    assert "An alarm of the rule on a network of a new family means" in said(report.risk)
    assert "An alarm" not in said(replace(report.risk, predictive=()))


def test_four_unknowns_and_four_assumptions(report: ReportInput) -> None:
    questions = unknowns(report.evidence, report.risk), assumptions(report.evidence, report.risk)
    assert [len(answers) for answers in questions] == [4, 4]
    assert [answer.measured for answer in questions[0]] == [True, False, False, False]
    assert [answer.measured for answer in questions[1]] == [True, False, False, False]
    for answer in (*questions[0], *questions[1]):
        if not answer.measured:
            assert answer.answer.startswith("Not measured")
            assert "would measure it" in answer.answer


def test_detection_names_every_measured_type(report: ReportInput) -> None:
    answer = unknowns(report.evidence, report.risk)[0].answer
    for name in ("proxy", "pseudo", "deceptive"):
        assert name in answer
    assert "Not measured: 1 type of 4." in answer


def test_sweep_answers_the_emergence_threshold(report: ReportInput, swept: RiskReport) -> None:
    answer = unknowns(report.evidence, swept)[1]
    assert answer.measured
    judged, measured = (swept.row("near_term", w).unmitigated for w in (0.0, 1.0))
    assert fine_percent(measured.mean) in answer.answer
    assert fine_percent(judged.mean) in answer.answer
    assert not unknowns(report.evidence, report.risk)[1].measured


def test_separability_needs_the_baseline(report: ReportInput) -> None:
    without = replace(report.evidence, columns=(report.evidence.column("panel"),))
    assert not assumptions(without, report.risk)[0].measured


def test_answer_without_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a number"):
        Answer("Why?", "Not measured.", False)


def test_index_within_the_noise_prints_as_about_zero() -> None:
    assert [index_text(value) for value in (-0.005, 0.004, 0.0051, -0.011)] == [
        "~0",
        "~0",
        "0.01",
        "-0.01",
    ]
