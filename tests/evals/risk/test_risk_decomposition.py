"""The decomposition against a hand-computed tree, a closed form and the judged reference."""

from collections.abc import Mapping

import numpy as np
import pytest
from worked_example import FIGURES, NEAR, drawn, families, posterior

from evals.risk.decomposition import (
    GROUPS,
    Decomposition,
    Inputs,
    closed,
    draw_inputs,
    evaluate,
    overlap_bounds,
    sample_cube,
    severity,
)
from evals.risk.figures import MISALIGNMENT_TYPES, Beliefs
from evals.risk.summary import summarise


def decompose(factors: np.ndarray, prevalence: np.ndarray, success: np.ndarray) -> Decomposition:
    """Of emergence, misaligned and severity, which a hazard gives; nothing is measured."""
    emergence, misaligned, severity = factors
    with np.errstate(divide="ignore"):
        kappa = -np.log1p(-severity)
    one, none = np.ones_like(emergence), np.full_like(emergence, np.nan)
    no_type = np.full_like(success, np.nan)
    inputs = Inputs(
        emergence, misaligned, one, kappa, prevalence, success, success, np.ones_like(success), one,
        no_type, no_type, none, none,
    )  # fmt: skip
    return evaluate(inputs, 0.0)


def test_toy_tree() -> None:
    for draws in (1, 2, 1000):
        result = decompose(
            np.tile([[0.4], [0.5], [0.25]], draws),
            prevalence=np.tile([0.5, 0.3, 0.15, 0.05], (draws, 1)),
            success=np.tile([0.8 * 0.9, 0.6 * 0.7, 0.4 * 0.5, 0.2 * 0.25], (draws, 1)),
        )
        np.testing.assert_allclose(result.unmitigated, 0.05, atol=1e-12)
        np.testing.assert_allclose(result.residual, 0.024075, atol=1e-12)
        np.testing.assert_allclose(result.fraction, 0.4815, atol=1e-12)


def test_product_of_uniforms() -> None:
    factors = np.ones((3, 100_000))
    factors[:2] = np.random.default_rng(81).random((2, 100_000))
    risk = decompose(factors, np.full((100_000, 4), 0.25), np.zeros((100_000, 4))).residual
    ends = np.quantile(risk, [0.05, 0.5, 0.95])
    assert ends == pytest.approx([0.0087, 0.1867, 0.7009], abs=0.005)
    assert risk.mean() == pytest.approx(0.25, abs=0.003)
    for x in (0.01, 0.1, 0.5):
        assert np.mean(risk < x) == pytest.approx(x * (1 - np.log(x)), abs=0.005)


def test_risk_is_bounded_and_moves_the_right_way() -> None:
    """Up with each factor (emergence, misaligned, severity), down with success."""
    generator, size, slack = np.random.default_rng(83), 20_000, 1e-15

    def probabilities(*shape: int) -> np.ndarray:
        return np.clip(generator.uniform(-0.1, 1.1, shape), 0, 1)

    factors, success, step = probabilities(3, size), probabilities(size, 4), probabilities(size)
    prevalence = generator.dirichlet(np.ones(4), size)
    before = decompose(factors, prevalence, success)
    assert np.all((before.residual >= 0) & (before.residual <= before.unmitigated + slack))
    assert np.all(before.unmitigated <= 1 + slack)
    for place in range(4):
        more = success + step[:, None] * (1 - success) * (np.arange(4) == place)
        after = decompose(factors, prevalence, more)
        assert np.all(after.residual <= before.residual + slack)
    for place in range(3):
        more = factors + step * (1 - factors) * (np.arange(3) == place)[:, None]
        after = decompose(more, prevalence, success)
        assert np.all(after.residual >= before.residual - slack)


@pytest.fixture(scope="module")
def cube() -> np.ndarray:
    return sample_cube(np.random.default_rng(82), 100_000)


@pytest.fixture(scope="module")
def inputs(cube: np.ndarray) -> Mapping[str, Inputs]:
    return draw_inputs(cube, Beliefs(FIGURES))


def test_closed_prevalence(inputs: Mapping[str, Inputs]) -> None:
    shares = closed(inputs["current"].prevalence)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-12)
    assert shares.mean(axis=0) == pytest.approx([0.494, 0.266, 0.171, 0.070], abs=0.002)
    deceptive = np.quantile(shares[:, 3], [0.05, 0.95])
    assert deceptive == pytest.approx([0.01, 0.165], abs=0.005)


def test_judged_risk(inputs: Mapping[str, Inputs]) -> None:
    """Within rounding of the reference and about 4 Monte Carlo standard errors."""
    for horizon, before, after, low, high in (
        ("current", 0.0022, 0.00103, 0.0002, 0.0028),
        ("near_term", 0.0324, 0.0149, 0.0031, 0.0388),
        ("medium_term", 0.272, 0.125, 0.035, 0.253),
    ):
        found = evaluate(inputs[horizon], 0.0)
        ends = (np.quantile(draws, [0.05, 0.95]) for draws in (found.residual, found.fraction))
        assert found.unmitigated.mean() == pytest.approx(before, rel=0.02)
        assert found.residual.mean() == pytest.approx(after, rel=0.015)
        assert next(ends) == pytest.approx([low, high], rel=0.03, abs=6e-5)
        assert found.fraction.mean() == pytest.approx(0.461, abs=0.002)
        assert next(ends) == pytest.approx([0.384, 0.538], abs=0.003)


def test_monte_carlo_error_is_the_spread_of_repeated_means() -> None:
    inputs = (drawn(Beliefs(FIGURES), 500, 8300 + seed) for seed in range(60))
    found = [summarise(evaluate(one, 0.0).residual) for one in inputs]
    spread = np.std([one.mean for one in found], ddof=1)
    assert spread == pytest.approx(np.mean([one.mcse for one in found]), rel=0.3)


def test_groups_tile_the_cube_and_drive_only_their_input(cube: np.ndarray) -> None:
    columns = [column for part in GROUPS.values() for column in range(part.start, part.stop)]
    assert columns == list(range(cube.shape[1]))
    seen = posterior(families(3, of=9))
    beliefs = Beliefs(FIGURES, dict.fromkeys(MISALIGNMENT_TYPES, seen), seen, seen)
    base = draw_inputs(cube[:50], beliefs)[NEAR]
    for group, part in GROUPS.items():
        moved = cube[:50].copy()
        moved[:, part] = cube[50:100, part]
        redrawn = vars(draw_inputs(moved, beliefs)[NEAR])
        changed = {name for name in redrawn if np.any(redrawn[name] != getattr(base, name))}
        source, _, name = group.partition("_")
        own = {group}
        if name in MISALIGNMENT_TYPES:
            # What is judged of success also ranks the correction that goes with a measurement.
            judged = {"success", "detection", "correction", "handled"}
            own = judged if source == "judged" else {"measured", "handled"}
        assert changed == own, group


def test_scenarios_share_all_but_what_is_theirs(inputs: Mapping[str, Inputs]) -> None:
    near, medium = inputs["near_term"], inputs["medium_term"]
    differs = {n for n, v in vars(near).items() if not np.array_equal(v, vars(medium)[n], True)}
    assert differs == {"emergence", "misaligned", "multiple"}


def test_overlap_is_bounded_as_stated_and_as_simulated(inputs: Mapping[str, Inputs]) -> None:
    """Draw which types are present and which are handled, draw by draw."""
    one, generator = inputs["near_term"], np.random.default_rng(84)
    present = generator.random(one.success.shape) < one.prevalence
    handled = generator.random(one.success.shape) < one.success
    exists = present.any(axis=1)
    # Over the same draws the ratio of means weighs each by P(at least one type).
    weights = 1 - (1 - one.prevalence).prod(axis=1)
    every, any_one = overlap_bounds(one, weight=0.0)
    for bound, stated, safe in (
        (every, 0.557, (handled | ~present).all(axis=1)),
        (any_one, 0.331, (handled & present).any(axis=1)),
    ):
        assert bound.mean() == pytest.approx(stated, abs=0.002)
        assert np.all((bound >= 0) & (bound <= 1))
        simulated = (exists & ~safe).mean() / exists.mean()
        assert (bound * weights).mean() / weights.mean() == pytest.approx(simulated, abs=0.01)
    assert np.all(any_one <= every + 1e-12)


def test_severity_is_linear_in_small_hazards_and_saturates() -> None:
    multiple = np.array([7.0, 50.0, 1e9])
    assert severity(multiple, np.full(3, 1e-12))[0] == pytest.approx(7e-12, rel=1e-9)
    found = severity(multiple, np.full(3, 0.02))
    assert found[1:] == pytest.approx([1 - np.exp(-1.0), 1.0], rel=1e-12)
    assert np.all(np.diff(found) > 0)
