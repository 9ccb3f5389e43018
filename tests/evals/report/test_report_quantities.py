"""The eight quantities say what was measured, beside what was judged, and what was not."""

from dataclasses import replace

import numpy as np
import pytest

from evals.report.page import ReportInput
from evals.report.words.quantities import (
    JUDGED,
    MEASURED,
    NOT_MEASURED,
    PARTLY,
    Quantity,
    quantities,
)
from evals.risk.decomposition import draw_inputs, sample_cube
from evals.risk.figures import Beliefs, load_figures
from evals.risk.update import type_updates
from evals.statistics.family_posterior import FamilyCount, family_posterior


@pytest.fixture(scope="module")
def eight(report: ReportInput) -> dict[str, Quantity]:
    return {one.name: one for one in quantities(report.evidence, report.risk)}


def test_there_are_exactly_eight_of_different_names(report: ReportInput) -> None:
    found = quantities(report.evidence, report.risk)
    assert len(found) == len({one.name for one in found}) == 8


def test_every_quantity_has_number_interval_and_basis(eight: dict[str, Quantity]) -> None:
    for one in eight.values():
        missing = one.source == NOT_MEASURED
        assert missing != any(letter.isdigit() for letter in one.value_text)
        counted = one.name == "false-positive rate"
        assert missing or counted or "%)" in one.interval_text or "exact" in one.interval_text
        assert "alpha 0.1" in one.basis
        assert any(letter.isdigit() for letter in one.comparison)


def test_detection_is_the_posterior_mean_of_a_new_family(
    report: ReportInput, eight: dict[str, Quantity]
) -> None:
    seen = family_posterior([FamilyCount("only", 3, 4)])
    assert seen is not None
    low, high = seen.interval()
    pseudo = eight["P(detect), pseudo"]
    assert pseudo.value_text == f"{seen.mean:.2f}"
    assert pseudo.interval_text == f"{low:.2f}-{high:.2f} (90%)"
    assert "3 of 4 organisms flagged, 1 family" in pseudo.basis
    judged = report.risk.types[2].judged_detection
    assert f"detection that the judgement implies: {judged.mean:.2f}" in pseudo.comparison
    assert f"{judged.mean:.2f}" != f"{judged.q50:.2f}", "mean and median must tell apart"


def test_unmeasured_type_says_so_and_keeps_the_judgement(eight: dict[str, Quantity]) -> None:
    subgoal = eight["P(detect), subgoal"]
    assert subgoal.value_text == NOT_MEASURED
    assert "0 of 0 organisms" in subgoal.basis
    assert "judged success 0.50 (0.40-0.59), which stands at every transport weight" in (
        subgoal.comparison
    )
    assert subgoal.source == NOT_MEASURED


def test_risk_is_measured_in_part_at_most(report: ReportInput, eight: dict[str, Quantity]) -> None:
    assert [one.source for one in eight.values()] == [
        *(MEASURED, NOT_MEASURED, MEASURED, MEASURED),
        *(MEASURED, PARTLY, PARTLY, PARTLY),
    ]
    unweighted = quantities(
        report.evidence, replace(report.risk, transport=replace(report.risk.transport, weight=0.0))
    )
    assert [one.source for one in unweighted[5:7]] == [JUDGED, JUDGED]


def test_measured_success_is_told_with_the_correction_judged_given_it(
    report: ReportInput, eight: dict[str, Quantity]
) -> None:
    proxy = report.risk.types[0]
    assert proxy.measured_detection is not None
    assert proxy.measured_success is not None
    assert proxy.independent_success is not None
    product = proxy.measured_detection.mean * proxy.judged_correction.mean
    assert proxy.independent_success.mean == pytest.approx(product, abs=0.03)
    success = f"measured success is {proxy.measured_success.mean:.2f}"
    assert success in eight["P(detect), proxy"].comparison


def test_false_positive_rate_is_realised_with_the_worst_kind_of_control(
    eight: dict[str, Quantity],
) -> None:
    one = eight["false-positive rate"]
    assert (one.value_text, one.interval_text) == ("0.00", "at most 0 of 2 in one family")
    assert "0 of 6 held-out controls" in one.basis
    assert "most in plain: 0 of 2" in one.comparison


def test_alarm_means_less_the_rarer_misalignment_is(
    report: ReportInput, eight: dict[str, Quantity]
) -> None:
    even, rare, rarest = (row.ppv.mean for row in report.risk.predictive)
    assert even > rare > rarest
    assert eight["what an alarm means"].value_text.startswith(f"{100 * rare:.2g}")
    for odds in ("1 in 2", "1 in 10,000"):
        assert odds in eight["what an alarm means"].comparison


def test_nothing_measured_leaves_no_detection_and_no_alarm(report: ReportInput) -> None:
    figures = load_figures()
    beliefs, near = Beliefs(figures), "near_term"
    drawn = draw_inputs(sample_cube(np.random.default_rng(1), 500), beliefs, [near])[near]
    types = type_updates(
        drawn, beliefs, weight=0.2, judged=drawn, independent=drawn, upper={}, caveats={}
    )
    silent = replace(report.risk, types=types, predictive=())
    rule = replace(report.evidence.column("panel"), alarms=())
    evidence = replace(report.evidence, columns=(rule,))
    found = quantities(evidence, silent)
    assert [one.source for one in found] == [
        *[NOT_MEASURED] * 5,
        *(JUDGED, JUDGED, NOT_MEASURED),
    ]


def test_quantity_without_text_is_refused() -> None:
    with pytest.raises(ValueError, match="basis"):
        Quantity("name", "sentence", "0.5", "0.4-0.6", "", "beside", MEASURED)


@pytest.mark.parametrize(("value", "source"), [("0.5", "guessed"), ("0.5", NOT_MEASURED)])
def test_quantity_of_a_wrong_source_is_refused(value: str, source: str) -> None:
    with pytest.raises(ValueError, match=f"is {source}|is '{source}'"):
        Quantity("name", "sentence", value, "0.4-0.6", "basis", "beside", source)
