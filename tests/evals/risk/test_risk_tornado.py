"""Bars of the tornado against closed forms."""

from dataclasses import replace

import numpy as np
import pytest

from evals.family_posterior import FamilyCount, FamilyPosterior, family_posterior
from evals.risk import (
    MISALIGNMENT_TYPES,
    Beliefs,
    Inputs,
    SeverityLink,
    WhatIf,
    draw_inputs,
    evaluate,
    load_figures,
    sample_cube,
    scenario,
)
from evals.risk.tornado import TornadoBar, tornado

LINK = SeverityLink()
SHARES = np.array([0.4, 0.3, 0.2, 0.1])
SUCCESS = np.array([0.64, 0.36, 0.25, 0.04])
MEASURED = np.array([0.9, 0.5, 0.4, 0.2])
SEVERITY = -np.expm1(-0.01 * 20)
RAMP = np.linspace(0.1, 0.9, 81)
LOW, HIGH = 0.14, 0.86


def constant_inputs(draws: int = RAMP.size) -> Inputs:
    """Every draw alike; detection and correction share the success equally."""

    def rows(values: np.ndarray) -> np.ndarray:
        return np.tile(values, (draws, 1))

    return Inputs(
        emergence=np.full(draws, 0.5),
        misaligned=np.full(draws, 0.8),
        multiple=np.full(draws, 20.0),
        kappa=np.full(draws, 0.01),
        prevalence=rows(SHARES),
        success=rows(SUCCESS),
        detection=rows(np.sqrt(SUCCESS)),
        correction=rows(np.sqrt(SUCCESS)),
        transport=np.linspace(0, 0.99, draws),
        measured=rows(MEASURED),
        measured_emergence=np.full(draws, np.nan),
        measured_misaligned=np.full(draws, np.nan),
    )


def with_column(values: np.ndarray, column: int) -> np.ndarray:
    copy = values.copy()
    copy[:, column] = RAMP
    return copy


def bars(
    inputs: Inputs, weight: float, quantity: str, link: SeverityLink = LINK
) -> dict[str, TornadoBar]:
    return {bar.label: bar for bar in tornado(inputs, link, weight=weight, quantity=quantity)}


def drawn(weight_of: dict[str, FamilyPosterior | None], draws: int = 4000) -> Inputs:
    figures = load_figures()
    cube = sample_cube(np.random.default_rng(21), draws)
    near = scenario(figures, "near_term")
    return draw_inputs(cube, Beliefs(figures, weight_of), (near,))["near_term"]


def rate(*detected: int) -> FamilyPosterior | None:
    return family_posterior([FamilyCount(f"family-{i}", k, 20) for i, k in enumerate(detected)])


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(
    ("name", "label", "other"),
    [("emergence", "P(emergence)", 0.8), ("misaligned", "P(misaligned | emergence)", 0.5)],
)
def test_a_factor_moves_the_residual_in_proportion(
    name: str, label: str, other: float, weight: float
) -> None:
    found = bars(replace(constant_inputs(), **{name: RAMP}), weight, "residual")
    handled = (1 - weight) * SHARES @ SUCCESS + weight * SHARES @ (MEASURED * np.sqrt(SUCCESS))
    slope = other * SEVERITY * (1 - handled)
    bar = found[label]
    assert (bar.group, set(found)) == (name, {label, "transport weight"})
    assert (bar.low_input, bar.high_input) == pytest.approx((LOW, HIGH))
    assert (bar.at_low, bar.at_high) == pytest.approx((LOW * slope, HIGH * slope), rel=1e-12)


@pytest.mark.parametrize(
    ("name", "label", "scale"), [("multiple", "harm multiple", 0.01), ("kappa", "hazard kappa", 20)]
)
def test_severity_saturates(name: str, label: str, scale: float) -> None:
    bar = bars(replace(constant_inputs(), **{name: RAMP}), 0.0, "residual")[label]
    unhandled = 0.5 * 0.8 * (1 - SHARES @ SUCCESS)
    for end, at in ((LOW, bar.at_low), (HIGH, bar.at_high)):
        assert at == pytest.approx(unhandled * -np.expm1(-end * scale), rel=1e-12)


@pytest.mark.parametrize("column", range(4))
def test_a_share_is_closed_with_the_others(column: int) -> None:
    inputs = constant_inputs()
    inputs = replace(inputs, prevalence=with_column(inputs.prevalence, column))
    found = bars(inputs, 0.0, "fraction")
    bar = found[f"share of {MISALIGNMENT_TYPES[column]}"]
    assert bar.group == "prevalence"
    for end, at in ((LOW, bar.at_low), (HIGH, bar.at_high)):
        shares = SHARES.copy()
        shares[column] = end
        assert at == pytest.approx(1 - shares @ SUCCESS / shares.sum(), rel=1e-12)


@pytest.mark.parametrize("weight", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("column", range(4))
def test_judged_success_moves_detection_and_correction_alike(column: int, weight: float) -> None:
    name = MISALIGNMENT_TYPES[column]
    inputs = constant_inputs()
    success = with_column(inputs.success, column)
    # Detection holds a quarter of log s, correction three quarters.
    detection, correction = inputs.detection.copy(), inputs.correction.copy()
    detection[:, column], correction[:, column] = RAMP**0.25, RAMP**0.75
    inputs = replace(inputs, success=success, detection=detection, correction=correction)
    bar = bars(inputs, weight, "fraction")[f"judged success, {name}"]
    assert bar.group == f"judged_{name}"
    for end, at in ((LOW, bar.at_low), (HIGH, bar.at_high)):
        judged, measured = SUCCESS.copy(), MEASURED * np.sqrt(SUCCESS)
        judged[column], measured[column] = end, MEASURED[column] * end**0.75
        handled = (1 - weight) * SHARES @ judged + weight * SHARES @ measured
        assert at == pytest.approx(1 - handled, rel=1e-12)


@pytest.mark.parametrize("column", range(4))
def test_measured_detection_counts_by_the_weight(column: int) -> None:
    name = MISALIGNMENT_TYPES[column]
    inputs = constant_inputs()
    inputs = replace(inputs, measured=with_column(inputs.measured, column))
    bar = bars(inputs, 0.2, "fraction")[f"measured detection, {name}"]
    assert bar.group == f"measured_{name}"
    slope = 0.2 * SHARES[column] * np.sqrt(SUCCESS[column])
    assert bar.at_high - bar.at_low == pytest.approx(-(HIGH - LOW) * slope, rel=1e-9)
    assert f"measured detection, {name}" not in bars(inputs, 0.0, "fraction")


def test_transport_goes_from_the_judgement_to_the_measurement() -> None:
    inputs = drawn({"proxy": rate(3, 2, 5), "deceptive": rate(9, 1, 15)})
    for weight in (0.0, 0.2):
        bar = bars(inputs, weight, "residual")["transport weight"]
        assert (bar.group, bar.low_input, bar.high_input) == ("transport", 0, 1)
        assert bar.at_low == evaluate(inputs, LINK, 0.0).residual.mean()
        assert bar.at_high == evaluate(inputs, LINK, 1.0).residual.mean()


def test_bars_average_over_the_draws_of_everything_else() -> None:
    inputs = drawn({"proxy": rate(18, 19, 20)})
    high = float(np.quantile(inputs.kappa, 0.95))
    moved = replace(inputs, kappa=np.full_like(inputs.kappa, high))
    judged, measured = (evaluate(moved, LINK, end).residual.mean() for end in (0.0, 1.0))
    bar = bars(inputs, 0.2, "residual")["hazard kappa"]
    assert bar.high_input == high
    assert bar.at_high == pytest.approx(0.8 * judged + 0.2 * measured, rel=1e-12)
    # The pool of the draws agrees up to the noise of the transport draw.
    assert bar.at_high == pytest.approx(evaluate(moved, LINK, 0.2).residual.mean(), rel=0.02)


def test_what_cancels_in_the_fraction_has_no_bar_there() -> None:
    inputs = drawn({})
    cancelling = {"P(emergence)", "P(misaligned | emergence)", "harm multiple", "hazard kappa"}
    assert cancelling <= set(bars(inputs, 0.0, "residual"))
    assert not cancelling & set(bars(inputs, 0.0, "fraction"))


def test_severity_stays_in_the_fraction_when_types_differ_in_degree() -> None:
    link = SeverityLink(degree=dict(zip(MISALIGNMENT_TYPES, (0.3, 0.5, 0.75, 1.0), strict=True)))
    assert "hazard kappa" in bars(drawn({}), 0.0, "fraction", link)


def test_what_is_not_measured_has_no_bar() -> None:
    labels = set(bars(drawn({}), 1.0, "residual"))
    assert len(labels) == 12
    assert not any("measured" in label or "transport" in label for label in labels)
    labels = set(bars(drawn({"pseudo": rate(10, 6, 12)}), 1.0, "residual"))
    assert {label for label in labels if "measured" in label} == {"measured detection, pseudo"}
    assert "transport weight" in labels


def test_a_measured_sweep_has_a_bar() -> None:
    inputs = replace(constant_inputs(), measured_emergence=RAMP)
    bar = bars(inputs, 1.0, "residual")["measured P(emergence)"]
    assert bar.group == "measured_emergence"
    assert bar.at_high / bar.at_low == pytest.approx(HIGH / LOW, rel=1e-12)


def test_the_longest_bar_comes_first() -> None:
    found = tornado(drawn({"proxy": rate(18, 19, 20)}), LINK, weight=0.2, quantity="residual")
    lengths = [abs(bar.at_high - bar.at_low) for bar in found]
    assert found[0].label == "hazard kappa"
    assert lengths == sorted(lengths, reverse=True)


@pytest.mark.parametrize("supposed", [0.0, 1.0])
def test_detection_and_correction_supposed_certain_have_no_bar(supposed: float) -> None:
    figures = load_figures()
    beliefs = Beliefs(
        figures, what_if=WhatIf({"detect.proxy": supposed, "correct.proxy": supposed})
    )
    cube = sample_cube(np.random.default_rng(22), 500)
    inputs = draw_inputs(cube, beliefs, (scenario(figures, "current"),))["current"]
    labels = set(bars(inputs, 0.2, "residual"))
    assert not {"judged success, proxy", "measured detection, proxy", "harm multiple"} & labels
    assert "judged success, pseudo" in labels


def test_one_draw_has_no_bars_but_transport() -> None:
    assert set(bars(constant_inputs(1), 0.2, "residual")) == {"transport weight"}


def test_wrong_requests_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown quantity 'log_residual'"):
        bars(constant_inputs(), 0.2, "log_residual")
    with pytest.raises(ValueError, match="weight nan"):
        bars(constant_inputs(), np.nan, "residual")
    harmless = SeverityLink(degree=dict.fromkeys(MISALIGNMENT_TYPES, 0.0))
    with pytest.raises(ValueError, match="fraction is undefined"):
        bars(constant_inputs(), 0.2, "fraction", harmless)


def test_a_bar_checks_itself() -> None:
    with pytest.raises(ValueError, match="finite"):
        TornadoBar("kappa", "hazard kappa", 0.0, 1.0, np.nan, 1.0)
    with pytest.raises(ValueError, match="exceeds"):
        TornadoBar("kappa", "hazard kappa", 1.0, 0.0, 1.0, 1.0)
