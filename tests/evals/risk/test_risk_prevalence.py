"""Treatments of the judged prevalences, against references, Dirichlets and hand counts."""

from dataclasses import replace

import numpy as np
import pytest

from evals.risk import MISALIGNMENT_TYPES, Beliefs, Figures, Inputs, SeverityLink, evaluate
from evals.risk.figures import Interval, load_figures
from evals.risk.inputs import draw_inputs, sample_cube
from evals.risk.prevalence import NoSimplex, OverlapBounds, conditioned, overlap_bounds
from evals.risk.scenario import horizons

LINK = SeverityLink()


@pytest.fixture(scope="module")
def figures() -> Figures:
    return load_figures()


@pytest.fixture(scope="module")
def inputs(figures: Figures) -> Inputs:
    cube = sample_cube(np.random.default_rng(11), 100_000)
    return draw_inputs(cube, Beliefs(figures), horizons(figures)[:1])["current"]


def generator() -> np.random.Generator:
    return np.random.default_rng(12)


def test_conditioned_shares_meet_the_reference(figures: Figures, inputs: Inputs) -> None:
    mixed = conditioned(inputs, generator(), figures=figures)
    np.testing.assert_allclose(mixed.prevalence.sum(axis=1), 1, atol=1e-12)
    assert np.all(mixed.prevalence > 0)
    means = mixed.prevalence.mean(axis=0)
    assert means == pytest.approx([0.501, 0.273, 0.168, 0.058], abs=0.002)
    assert evaluate(mixed, LINK, 0.0).fraction.mean() == pytest.approx(0.454, abs=0.0015)


def test_conditioned_shares_are_those_of_rejection(figures: Figures, inputs: Inputs) -> None:
    # Independent route: keep the draws of all four whose sum is within .02 of 1.
    total = inputs.prevalence.sum(axis=1)
    near = inputs.prevalence[np.abs(total - 1) < 0.02]
    mixed = conditioned(inputs, generator(), figures=figures).prevalence
    assert mixed.mean(axis=0) == pytest.approx(near.mean(axis=0), abs=0.004)
    assert mixed.std(axis=0) == pytest.approx(near.std(axis=0), rel=0.05)


def test_only_prevalences_change(figures: Figures, inputs: Inputs) -> None:
    mixed = conditioned(inputs, generator(), figures=figures)
    for name, values in vars(inputs).items():
        if name != "prevalence":
            assert getattr(mixed, name) is values
    assert not np.array_equal(mixed.prevalence, inputs.prevalence)


def test_the_widest_interval_is_the_one_replaced(figures: Figures, inputs: Inputs) -> None:
    types = dict(figures.types)
    types["subgoal"] = replace(types["subgoal"], prevalence=(0.05, 0.6))
    mixed = conditioned(
        inputs.take(np.arange(2000)), generator(), figures=replace(figures, types=types)
    )
    kept = [0, 2, 3]
    assert np.isin(mixed.prevalence[:, kept], inputs.prevalence[:2000, kept]).all()
    assert not np.isin(mixed.prevalence[:, 1], inputs.prevalence[:2000, 1]).any()


def test_shares_that_cannot_sum_to_one_are_refused(figures: Figures, inputs: Inputs) -> None:
    crowded = replace(inputs, prevalence=np.full_like(inputs.prevalence, 0.5))
    with pytest.raises(NoSimplex, match=r"take 1\.50 in the median, proxy .* in 0\.0 effective"):
        conditioned(crowded, generator(), figures=figures)


@pytest.mark.parametrize("interval", [(0.01, 0.05), (0.6, 0.9)])
def test_judged_shares_far_from_one_are_refused(figures: Figures, interval: Interval) -> None:
    types = {name: replace(row, prevalence=interval) for name, row in figures.types.items()}
    crowded = replace(figures, types=types)
    cube = sample_cube(np.random.default_rng(15), 2000)
    drawn = draw_inputs(cube, Beliefs(crowded), horizons(crowded)[:1])["current"]
    with pytest.raises(NoSimplex, match="cannot sum to 1"):
        conditioned(drawn, generator(), figures=crowded)


def test_one_draw_that_fits_is_no_sample(figures: Figures, inputs: Inputs) -> None:
    few = inputs.take(np.arange(500))
    crowded = np.full_like(few.prevalence, 0.5)
    crowded[:, 0] = few.prevalence[:, 0]
    crowded[:9] = [0.5, 0.25, 0.15, 0.1]
    with pytest.raises(NoSimplex, match=r"in 9\.0 effective draws of 500"):
        conditioned(replace(few, prevalence=crowded), generator(), figures=figures)
    crowded[:10] = [0.5, 0.25, 0.15, 0.1]
    mixed = conditioned(replace(few, prevalence=crowded), generator(), figures=figures)
    np.testing.assert_allclose(mixed.prevalence, np.tile(crowded[0], (500, 1)))


def test_a_single_draw_can_be_conditioned(figures: Figures, inputs: Inputs) -> None:
    one = one_draw(inputs, [0.4, 0.3, 0.15, 0.05], [0.5] * 4)
    mixed = conditioned(one, generator(), figures=figures)
    np.testing.assert_allclose(mixed.prevalence, [[0.5, 0.3, 0.15, 0.05]])


def test_overlap_bounds_meet_the_reference_and_hold_the_closure(inputs: Inputs) -> None:
    bounds = overlap_bounds(inputs, LINK, weight=0.0)
    assert bounds.every.mean() == pytest.approx(0.557, abs=0.0015)
    assert bounds.any_one.mean() == pytest.approx(0.331, abs=0.0015)
    closure = evaluate(inputs, LINK, 0.0).fraction
    assert bounds.any_one.mean() < closure.mean() < bounds.every.mean()


def one_draw(inputs: Inputs, prevalence: list[float], success: list[float]) -> Inputs:
    return replace(
        inputs.take(np.array([0])), prevalence=np.array([prevalence]), success=np.array([success])
    )


def test_types_present_side_by_side_are_counted_by_simulation(inputs: Inputs) -> None:
    prevalence, success = [0.6, 0.3, 0.2, 0.1], [0.7, 0.5, 0.3, 0.1]
    degrees = dict(zip(MISALIGNMENT_TYPES, (0.3, 0.5, 0.75, 1.0), strict=True))
    link = SeverityLink(degree=degrees)
    draw = one_draw(inputs, prevalence, success)
    bounds = overlap_bounds(draw, link, weight=0.0)
    random = np.random.default_rng(13)
    present = random.random((400_000, 4)) < prevalence
    handled = random.random((400_000, 4)) < success
    severity = link.at(draw.multiple, draw.kappa)[0]
    harm = np.where(present, severity, 0).max(axis=1)
    all_handled = (handled | ~present).all(axis=1)
    one_handled = (handled & present).any(axis=1)
    assert bounds.every[0] == pytest.approx((harm * ~all_handled).sum() / harm.sum(), abs=0.004)
    assert bounds.any_one[0] == pytest.approx((harm * ~one_handled).sum() / harm.sum(), abs=0.004)


def test_types_that_never_meet_leave_both_bounds_at_the_closure(inputs: Inputs) -> None:
    for column in range(4):
        prevalence = [0.0] * 4
        prevalence[column] = 0.3
        bounds = overlap_bounds(
            one_draw(inputs, prevalence, [0.7, 0.5, 0.3, 0.1]), LINK, weight=0.0
        )
        expected = 1 - [0.7, 0.5, 0.3, 0.1][column]
        assert (bounds.every[0], bounds.any_one[0]) == pytest.approx((expected, expected))


def test_all_types_certain_need_all_or_one_handled(inputs: Inputs) -> None:
    bounds = overlap_bounds(one_draw(inputs, [1.0] * 4, [0.5] * 4), LINK, weight=0.0)
    assert (bounds.every[0], bounds.any_one[0]) == pytest.approx((1 - 0.5**4, 0.5**4))


def test_hand_count_of_two_types(inputs: Inputs) -> None:
    q = np.array([0.5, 0.25])
    bounds = overlap_bounds(
        one_draw(inputs, [*q, 0.0, 0.0], [0.8, 0.4, 0.0, 0.0]), LINK, weight=0.0
    )
    first, second, both = 0.5 * 0.75, 0.5 * 0.25, 0.5 * 0.25
    assert first + second + both == 1 - np.prod(1 - q)
    every = first * 0.2 + second * 0.6 + both * (1 - 0.32)
    any_one = first * 0.2 + second * 0.6 + both * 0.2 * 0.6
    assert bounds.every[0] == pytest.approx(every / 0.625)
    assert bounds.any_one[0] == pytest.approx(any_one / 0.625)


def test_no_type_at_all_has_no_fraction(inputs: Inputs) -> None:
    bounds = overlap_bounds(one_draw(inputs, [0.0] * 4, [0.5] * 4), LINK, weight=0.0)
    assert np.isnan(bounds.every).all()
    assert np.isnan(bounds.any_one).all()


def test_measured_detection_enters_the_bounds_by_the_weight(inputs: Inputs) -> None:
    few = inputs.take(np.arange(100))
    perfect = replace(
        few, measured=np.ones_like(few.measured), correction=np.ones_like(few.correction)
    )
    np.testing.assert_array_equal(overlap_bounds(perfect, LINK, weight=1.0).every, 0)
    assert overlap_bounds(perfect, LINK, weight=0.0).every.min() > 0


def test_bounds_refuse_swapped_draws() -> None:
    with pytest.raises(ValueError, match="swap"):
        OverlapBounds(np.array([0.1]), np.array([0.2]))


def test_a_flat_judgement_keeps_shares_that_sum_to_one(figures: Figures, inputs: Inputs) -> None:
    # [.05, .95] is Beta(1, 1): equal weights, so systematic resampling takes every row once.
    types = {name: replace(row, prevalence=(0.05, 0.95)) for name, row in figures.types.items()}
    shares = np.random.default_rng(14).dirichlet(np.ones(4), size=5000)
    few = replace(inputs.take(np.arange(5000)), prevalence=shares)
    mixed = conditioned(few, generator(), figures=replace(figures, types=types))
    np.testing.assert_allclose(mixed.prevalence, shares, atol=1e-12)
