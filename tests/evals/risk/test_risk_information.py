"""Value of information against closed forms and the reference figures of the risk decomposition."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from worked_example import EXAMPLE, FIGURES, drawn, posteriors

from evals.risk.decomposition import GROUPS, Inputs, evaluate
from evals.risk.figures import MISALIGNMENT_TYPES, Beliefs
from evals.risk.information import information_values, partial_information, perfect_information
from evals.risk.transport import blend
from evals.statistics.family_posterior import FamilyCount

DRAWS = 100_000


def generator(seed: int = 31) -> np.random.Generator:
    return np.random.default_rng(seed)


def measured(counts: Mapping[str, list[FamilyCount]], draws: int, horizon: str) -> Inputs:
    return drawn(Beliefs(FIGURES, posteriors(counts), given=False), draws, 31, horizon)


@pytest.fixture(scope="module")
def example() -> Inputs:
    return measured(EXAMPLE, DRAWS, "near_term")


def partial(risk: np.ndarray, columns: np.ndarray, level: float, seed: int = 31) -> float:
    """EVPPI of some columns, or of a single one given as a vector."""
    parameters = columns[:, None] if columns.ndim == 1 else columns
    return partial_information(risk, parameters, decision_level=level, generator=generator(seed))


def at_the_mean(inputs: Inputs, weight: float) -> float:
    judged, measured = (evaluate(inputs, end).residual for end in (0.0, 1.0))
    return float(blend(judged, measured, weight).mean())


def table(inputs: Inputs, weight: float, level: float | None = None) -> dict[str, float]:
    """At the mean unless a level is given."""
    at = at_the_mean(inputs, weight) if level is None else level
    return information_values(inputs, weight=weight, decision_level=at, generator=generator(32))


def shares(found: dict[str, float]) -> dict[str, float]:
    return {group: value / found["everything"] for group, value in found.items()}


def test_perfect_information_is_its_definition() -> None:
    risk = generator().random(1001)
    for level in (-1.0, 0.2, float(risk.mean()), 0.7, 2.0):
        expected = np.maximum(0, level - risk).mean() - max(0, level - risk.mean())
        found = perfect_information(risk, decision_level=level)
        assert found == pytest.approx(expected, abs=1e-14)


def test_a_level_out_of_reach_and_one_draw_make_information_worthless() -> None:
    risk = generator().random(1000)
    for draws, level in ((risk, -0.1), (risk, 1.1), (risk[:1], 0.5)):
        assert perfect_information(draws, decision_level=level) == 0
        assert partial(draws, draws, level) == 0


def test_partial_information_of_two_normals() -> None:
    """E max(0, level - X) - max(0, level) of X ~ N(0, sd), less what classes lose of it."""
    parts = generator().standard_normal((DRAWS, 2)) * [1.0, 0.5]
    for column, level, reference, below, above in (
        # The null of .01 is also taken off an input that has a clear effect.
        (0, 0.0, 0.3956, 0.011, 0.001), (1, 0.0, 0.1981, 0.013, 0.001),
        (0, 1.0, 0.0824, 0.002, 0.002),
    ):  # fmt: skip
        value = partial(parts.sum(axis=1), parts[:, column], level, 33)
        assert reference - below < value < reference + above


def test_cubic_fit_sees_interactions_of_several_columns() -> None:
    columns = generator().standard_normal((DRAWS, 4))
    signal = columns[:, 0] * columns[:, 1] * columns[:, 2] + columns[:, 3] ** 2
    risk = signal + generator(34).standard_normal(DRAWS)
    level = float(risk.mean())
    exact = perfect_information(signal - signal.mean(), decision_level=0.0)
    assert partial(risk, columns, level, 35) == pytest.approx(exact, abs=0.02)
    # Without the third factor nothing of the product is left to know.
    assert partial(risk, columns[:, :2], level, 35) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("columns", [1, 4])
def test_an_unused_input_is_worth_next_to_nothing(columns: int) -> None:
    risk = generator().standard_normal(DRAWS)
    unused = generator(36).random((DRAWS, columns))
    assert 0 <= partial(risk, unused, 0.0, 37) < 0.003


def test_the_null_removes_the_bias_of_few_draws() -> None:
    unused = generator(38).random((100, 10_000, 1))
    risk = generator().standard_normal(10_000)
    found = [partial(risk, one, 0.0, seed) for seed, one in enumerate(unused)]
    # The bias of 20 bins is .014 here; what the floor at 0 leaves of the noise is less.
    assert np.mean(found) < 0.003


def test_everything_known_is_perfect_information() -> None:
    risk = generator().standard_normal(DRAWS)
    perfect = perfect_information(risk, decision_level=0.5)
    for known in (risk, np.stack([risk, generator(39).random(DRAWS)], axis=1)):
        assert partial(risk, known, 0.5) == pytest.approx(perfect, rel=0.02)


def test_a_constant_parameter_is_worth_nothing_alone_or_beside_a_used_one() -> None:
    risk = generator().random(1000)
    for constant in (np.full((1000, 1), 0.3), np.full((1000, 4), 0.3)):
        assert partial(risk, constant, 0.5) == 0
        beside = partial(risk, np.column_stack([risk, constant]), 0.5)
        assert beside == partial(risk, risk, 0.5) > 0.1


def test_tied_values_stay_together() -> None:
    rare = np.repeat([0.0, 1.0], [9900, 100])
    # Deploying is right but for the rare case, which 20 classes cut by order would dilute.
    risk = np.where(rare == 1, 3.0, 0.9)
    assert partial(risk, rare, 1.0) == pytest.approx(0.01 * 2.0, rel=1e-9)
    # The order of tied rows must not matter: sorted noise would otherwise look like knowledge.
    noise = np.sort(generator().standard_normal(10_000))
    tied = np.zeros(10_000)
    tied[0] = 1
    assert partial(noise, tied, 0.0) < 0.001


Shares = Mapping[str, float]
REFERENCES: dict[str, tuple[float, float, float, Shares]] = {
    # The references keep a bias of about .03 that the permuted null removes here.
    "judged": (0.0, -0.05, 0.01, {
        "kappa": 0.86, "multiple": 0.35, "emergence": 0.34, "misaligned": 0.14,
        "judged_proxy": 0.10, "prevalence": 0.09, "judged_subgoal": 0.05, "judged_deceptive": 0.03,
    }),
    "measured": (1.0, -0.03, 0.02, {
        "kappa": 0.81, "emergence": 0.31, "measured_proxy": 0.25, "measured_subgoal": 0.10,
        "measured_pseudo": 0.05, "measured_deceptive": 0.01,
    }),
    "pooled": (0.2, -0.02, 0.02, {"measured_proxy": 0.05}),
    "pooled, narrower": (0.2, -0.01, 0.01, {"transport": 0.03}),
}  # fmt: skip
"""Weight, how far a share may lie from the reference, and shares of everything by group."""


@pytest.mark.parametrize("case", REFERENCES)
def test_values_agree_with_the_reference(example: Inputs, case: str) -> None:
    weight, low, high, reference = REFERENCES[case]
    found = shares(table(example, weight))
    for group, share in reference.items():
        assert share + low < found[group] < share + high, group
    assert weight or found["transport"] == 0


def test_at_half_the_mean_only_kappa_and_emergence_matter(example: Inputs) -> None:
    found = shares(table(example, 0.0, at_the_mean(example, 0.0) / 2))
    assert found["kappa"] == pytest.approx(0.65, abs=0.015)
    assert found["emergence"] == pytest.approx(0.02, abs=0.008)
    assert {group for group, share in found.items() if share} == {
        "everything",
        "kappa",
        "emergence",
    }


def test_transport_is_worth_what_the_two_means_say(example: Inputs) -> None:
    ends = [evaluate(example, end).residual.mean() for end in (0.0, 1.0)]
    level = float(np.mean(ends))
    found = table(example, 0.3, level)
    mean = 0.7 * ends[0] + 0.3 * ends[1]
    expected = 0.7 * max(0, level - ends[0]) + 0.3 * max(0, level - ends[1]) - max(0, level - mean)
    assert found["transport"] == pytest.approx(expected, rel=1e-9)
    assert expected > 0


def test_only_what_is_measured_and_counts_is_listed() -> None:
    known = {f"measured_{name}" for name in (*MISALIGNMENT_TYPES, "emergence", "misaligned")}
    judged = (set(GROUPS) - known) | {"everything"}
    inputs = measured({"pseudo": EXAMPLE["pseudo"]}, 2000, "current")
    assert set(table(inputs, 0.2)) == judged | {"measured_pseudo"}
    assert set(table(inputs, 0.0)) == judged
    swept = replace(inputs, measured_emergence=generator().random(2000))
    assert shares(table(swept, 1.0))["measured_emergence"] > 0.1
    assert table(inputs, 0.0)["multiple"] == 0, "it is constant today"
    assert set(table(inputs, 0.0, 0.9).values()) == {0}, "no decision changes"


def test_values_are_sorted_and_repeat_and_everything_includes_transport(example: Inputs) -> None:
    found = table(example, 0.2)
    assert found == table(example, 0.2)
    first, *values = found.values()
    assert first > values[0] > 0
    assert values == sorted(values, reverse=True)
    pooled, level = evaluate(example, 0.2).residual, at_the_mean(example, 0.2)
    assert first == pytest.approx(perfect_information(pooled, decision_level=level), rel=0.02)
