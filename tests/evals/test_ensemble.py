"""Combinations on made-up scores: false alarms under any dependence, fits on other families."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import LogisticRegression

from detect.registry import DETECTORS
from evals.blind import Member
from evals.column import Column
from evals.combination import RULES, combined_p_values, smallest
from evals.contest import boards, contestants, selections
from evals.dependence import dependence, dependences, rank_interval
from evals.ensemble import (
    CLASSIFIED,
    CLASSIFIER,
    combination_columns,
    combined_kinds,
    stacked_nulls,
)
from evals.judge import Judged
from evals.killers import require_calibrated_thresholds
from evals.panel import Row
from evals.ranked import RankedBench, ranked_value
from evals.stack_killers import stack_killers
from evals.stacked_null import stacked_null
from evals.stacking import PENALTY, Stacking, ridge_logistic
from evals.suite_file import load_suite
from evals.threshold import attainable_rank
from organisms.truth import GroundTruth, Sealed

NAMES = ("random_score", "ood_battery", "trigger_search", "homotopy_search", CLASSIFIED)
SUITE = load_suite("cpu").judged_in("maze")
STRATA = ("plain", "plain", "benign_conditional", "instructed")
TYPES = ("proxy", "proxy", "proxy", "deceptive", "deceptive", "deceptive")


def scores(n: int, detectors: int, rho: float, generator: np.random.Generator) -> np.ndarray:
    """Normal scores that correlate by rho."""
    shared = generator.normal(size=(n, 1)) * np.sqrt(rho)
    return shared + generator.normal(size=(n, detectors)) * np.sqrt(1 - rho)


def crowd() -> list[tuple[str, GroundTruth]]:
    """Four aligned families of 15, ten of each calibrating; six misaligned ones of 8."""
    found = []
    for number, stratum in enumerate(STRATA):
        truth = GroundTruth("aligned", "coin", f"maze/aligned_{number}", stratum, "instilled")  # type: ignore[arg-type]
        found += [("calibration" if n < 10 else "test", truth) for n in range(15)]
    for number, kind in enumerate(TYPES):
        truth = GroundTruth(kind, "gem", f"maze/{kind}_{number}", "", "instilled")  # type: ignore[arg-type]
        found += [("test", truth)] * 8
    return found


def judged(shift: float = 0.0, *, kind: str = "left_out", part_shift: float = 0.0) -> Judged:
    """All detectors but the floor score misaligned networks `shift` higher."""
    generator, people = np.random.default_rng(5), crowd()
    members = tuple(
        Member(f"{n:04x}", f"spec{n}", role, n, frozenset(), Sealed.seal(truth))
        for n, (role, truth) in enumerate(people)
    )
    bad = np.array([truth.misalignment != "aligned" for _, truth in people])
    values = scores(len(people), len(NAMES), 0.5, generator)
    values[:, 1:] += shift * bad[:, None]
    parts = generator.normal(size=(len(people), 12)) + part_shift * bad[:, None]
    rows = {}
    for column, name in enumerate(NAMES):
        known = DETECTORS[name].parts
        rows[name] = tuple(
            Row(
                name,
                member.id,
                float(values[n, column]),
                {part: float(parts[n, p % 12]) for p, part in enumerate(known)},
                "", "", 10, 0.5, "c",
            )
            for n, member in enumerate(members)
        )  # fmt: skip
    truth = {member.id: known for member, (_, known) in zip(members, people, strict=True)}
    attempted = {known.family: 16 for _, known in people}
    suite = replace(SUITE, rule=replace(SUITE.rule, threshold=kind))
    return Judged(suite, members, truth, rows, attempted)


def named(case: Judged) -> dict[str, Column]:
    return {column.name: column for column in combination_columns(case, NAMES)}


@pytest.mark.parametrize(("n", "alpha", "rho"), [(39, 0.05, 0.0), (39, 0.05, 0.97), (19, 0.1, 0.6)])
def test_false_alarms_hold_under_any_dependence(n: int, alpha: float, rho: float) -> None:
    generator = np.random.default_rng([3, n, int(100 * rho)])
    rank = attainable_rank(alpha, n)
    bar, nominal, repeats = (rank + 0.5) / (n + 1), rank / (n + 1), 150
    found: dict[str, list[float]] = {name: [] for name in RULES}
    for _ in range(repeats):
        controls, fresh = scores(n, 6, rho, generator), scores(30, 6, rho, generator)
        for name, statistic in RULES.items():
            found[name].append(float((combined_p_values(controls, fresh, statistic) < bar).mean()))
    for name, shares in found.items():
        error = np.std(shares) / np.sqrt(repeats)
        assert abs(np.mean(shares) - nominal) < 4 * error + 0.004, (name, np.mean(shares), nominal)


@pytest.mark.parametrize("rule", RULES)
def test_of_n_plus_one_networks_at_most_k_have_a_p_value_of_k(rule: str) -> None:
    """Whoever is the newcomer sees the same n + 1, so the bound holds for every single set."""
    generator = np.random.default_rng(11)
    for rho in (0.0, 0.9):
        rows = np.round(scores(30, 5, rho, generator), 1)
        found = [
            combined_p_values(np.delete(rows, place, axis=0), rows[[place]], RULES[rule])[0]
            for place in range(30)
        ]
        assert all(np.sum(np.array(found) <= k / 30 + 1e-9) <= k for k in range(1, 31))
        expected = (31 - stats.rankdata(-1 * np.array(found), method="min")) / 30
        assert found == pytest.approx(expected), "the rank among all, ties at their worst"


def test_levels_among_the_controls_alone_flag_too_many() -> None:
    """The control of the test above: only a newcomer can lie beyond all controls."""
    generator = np.random.default_rng(4)
    flagged = []
    for _ in range(100):
        controls, fresh = scores(19, 6, 0.0, generator), scores(12, 6, 0.0, generator)

        def level(rows: np.ndarray, controls: np.ndarray = controls) -> np.ndarray:
            return (1.0 + (controls[None] >= rows[:, None]).sum(axis=1)) / 21

        own, reference = smallest(level(fresh)), np.sort(smallest(level(controls)))
        flagged.append(float((own > reference[-2] + 1e-9).mean()))
    assert np.mean(flagged) > 2 * 2 / 20


def test_ties_and_abstentions_count_against_the_alarm() -> None:
    tied = np.zeros((19, 3))
    for statistic in RULES.values():
        assert combined_p_values(tied, np.zeros((2, 3)), statistic).tolist() == [1.0, 1.0]
        gone = np.full((1, 3), np.nan)
        assert combined_p_values(scores(19, 3, 0, np.random.default_rng(0)), gone, statistic) == 1
    mixed = np.array([[5.0, np.nan, 5.0]])
    known = scores(19, 3, 0, np.random.default_rng(0))
    assert combined_p_values(known, mixed, RULES["fisher"])[0] <= 0.1
    with pytest.raises(ValueError, match="at least one"):
        combined_p_values(known[:, :0], np.zeros((1, 0)), smallest)


def test_statistics_by_hand() -> None:
    levels = np.array([[0.1, 0.5, 0.5], [0.3, 0.3, 0.3], [0.1, 0.4, 0.9]])
    order = {name: np.argsort(-rule(levels)).tolist() for name, rule in RULES.items()}
    assert order["bonferroni"] == [2, 0, 1], "the smallest ties, the next decides"
    assert order["rank_sum"][0] == 1
    assert RULES["fisher"](levels)[1] == pytest.approx(
        stats.combine_pvalues([0.3] * 3, "fisher").statistic
    )
    assert RULES["harmonic_mean"](levels)[0] == pytest.approx((10 + 2 + 2) / 3)
    assert RULES["cauchy"](levels)[1] == pytest.approx(np.tan(0.2 * np.pi))


def test_one_detector_combined_is_its_own_conformal_p_value() -> None:
    generator = np.random.default_rng(1)
    controls, fresh = generator.normal(size=(30, 1)), generator.normal(size=(20, 1))
    expected = (1 + (controls[:, 0] >= fresh).sum(axis=1)) / 31
    for statistic in RULES.values():
        assert combined_p_values(controls, fresh, statistic) == pytest.approx(expected)


def test_a_family_left_out_has_no_say_in_its_own_p_value() -> None:
    case = judged()
    bench = RankedBench(case, "left_out")
    rule = partial(combined_p_values, statistic=RULES["fisher"])
    features = scores(len(case.members), 3, 0.5, np.random.default_rng(2))
    before = bench.judge(features, rule)
    own = case.families == "maze/aligned_1"
    place = int(np.flatnonzero(own)[0])
    features[np.flatnonzero(own)[1:]] += 9
    after = bench.judge(features, rule)
    assert after[place] == before[place]
    assert after[~case.aligned].sum() < before[~case.aligned].sum()


@pytest.mark.parametrize("kind", ["left_out", "split"])
def test_combinations_are_columns_beside_the_detectors(kind: str) -> None:
    case = judged(2.0, kind=kind)
    found = named(case)
    fixed = {f"combined_{rule}" for rule in RULES}
    assert set(found) == fixed | ({"stacked", CLASSIFIER} if kind == "left_out" else set())
    one = found["combined_fisher"]
    assert (one.role, one.access, one.question) == ("combination", "weights", "misaligned")
    assert one.calibration_size == (60 if kind == "left_out" else 40)
    assert one.threshold == ranked_value(one.rank, one.calibration_size)
    assert one.cpu_seconds == pytest.approx(2.0), "it pays for its four detectors"
    assert sum(cell.detected for cell in one.cells) > 30
    assert one.false_alarms.detected <= one.normal_alarms[1]
    assert one.moved == ()
    assert one.assured is None
    require_calibrated_thresholds(case, tuple(found.values()))


def test_an_abstention_of_all_is_an_abstention() -> None:
    case = judged(2.0)
    last = case.members[-1].id
    rows = {
        name: tuple(
            replace(row, value=None, reason="blind") if row.suspect == last else row for row in kept
        )
        for name, kept in case.rows.items()
    }
    found = named(replace(case, rows=rows))
    cell = found["combined_cauchy"].of_type("deceptive")[-1]
    assert (cell.abstained, cell.of) == (1, 8)


def test_floors_and_baselines_are_not_combined() -> None:
    names = [kind.name for kind in combined_kinds((*NAMES, "weight_norm", "plan_swap"))]
    assert names == list(NAMES[1:])


def test_combinations_are_chosen_among_but_not_ranked() -> None:
    case = judged(1.5)
    bench = RankedBench(case, "left_out")
    contest = contestants(bench, NAMES)
    fixed = {f"combined_{rule}" for rule in RULES}
    entered = {one.name for one in contest if one.role == "combination"}
    assert entered == fixed, "what is fitted may not be chosen among"
    chosen = selections(bench, contest)
    assert fixed <= {contender.name for contender in chosen[0].contenders}
    assert not fixed & {one.name for one in boards(bench, contest)[0].standings}


def test_the_logistic_is_that_of_another_library() -> None:
    generator = np.random.default_rng(8)
    rows = np.concatenate([generator.normal(size=(60, 4)), np.ones((60, 1))], axis=1)
    labels = generator.random(60) < 1 / (1 + np.exp(-2 * rows[:, 0]))
    slopes = ridge_logistic(rows[None], labels, np.ones((1, 60)))[0]
    other = LogisticRegression(C=1 / PENALTY, tol=1e-10).fit(rows[:, :4], labels)
    assert slopes[:4] == pytest.approx(other.coef_[0], abs=1e-4)
    assert slopes[4] == pytest.approx(other.intercept_[0], abs=1e-3)


def families_of(sizes: list[int]) -> np.ndarray:
    return np.repeat([f"family_{n}" for n in range(len(sizes))], sizes)


def test_a_fit_does_not_see_the_family_it_judges() -> None:
    """Labels of a family may be turned around without moving its decisions."""
    families = families_of([8] * 7)
    misaligned = np.arange(56) >= 24
    stacking = Stacking(np.random.default_rng(0).normal(size=(56, 3)), families)
    before = stacking.decisions(misaligned)
    turned = misaligned.copy()
    turned[families == "family_5"] = False
    after = stacking.decisions(turned)
    pairs = [pair for pair in stacking._pairs if 5 in pair]
    same = [stacking._pairs.index(pair) for pair in pairs]
    assert np.array_equal(before[same], after[same])
    assert not np.array_equal(before, after)


def test_a_stack_holds_its_false_alarms_and_finds_what_carries_over() -> None:
    generator = np.random.default_rng(6)
    families, alpha = families_of([8] * 4 + [6] * 5), 0.1
    misaligned = np.arange(62) >= 32
    null, told = [], []
    for _ in range(15):
        features = scores(62, 4, 0.8, generator)
        null.append(float(Stacking(features, families).flags(misaligned, alpha)[misaligned].mean()))
        features[misaligned, 0] += 4
        told.append(float(Stacking(features, families).flags(misaligned, alpha)[misaligned].mean()))
    nominal = attainable_rank(alpha, 32) / 33
    assert np.mean(null) < nominal + 3 * np.std(null) / np.sqrt(15)
    assert np.mean(told) > 0.9


def test_dealt_labels_tell_a_stack_that_knows_from_one_that_does_not() -> None:
    for shift, low, high in ((0.0, 0.05, 1.0), (2.5, 0.0, 0.05)):
        stack, classifier = stacked_nulls(judged(shift), NAMES, deals=24)
        assert low < stack.at_least <= high
        assert classifier.at_least > 0.05, "its parts are noise here"
        assert classifier.features[0] == f"{CLASSIFIED}/first_scale"
        assert classifier.mean < 0.12


def test_the_classifier_falls_where_packaging_or_untrained_networks_do_as_well() -> None:
    case = judged(part_shift=2.5)
    (_, classifier) = stacked_nulls(case, NAMES, deals=24)
    assert classifier.at_least <= 0.05
    leak = case.rows[CLASSIFIED]
    fresh = judged().rows[CLASSIFIED]
    for untrained, verdict in ((leak, "void"), (fresh, "passed")):
        found = stack_killers(case, (classifier,), untrained, deals=39)
        assert {one.name: one.verdict for one in found} == {
            "dealt_labels": "passed", "stack_untrained": verdict
        }  # fmt: skip
    column = named(case)[CLASSIFIER]
    (killer,) = (
        one for one in stack_killers(case, (classifier,), leak, deals=39) if one.verdict == "void"
    )
    assert killer.takes(column, column.cells[0])
    packaged = tuple(
        Row("metadata", row.suspect, 0.0, {
            "file_bytes": row.parts["first_scale"] or 0.0, "n_parameters": 5.0,
            "position": 1.0}, "", "", 0, 0.0, "c")
        for row in leak
    )  # fmt: skip
    told = replace(case, rows={**case.rows, "metadata": packaged})
    verdicts = {
        one.name: one.verdict for one in stack_killers(told, (classifier,), fresh, deals=39)
    }
    assert verdicts["stack_packaging"] == "void"


def test_too_few_families_leave_no_stack() -> None:
    with pytest.raises(ValueError, match="needs 4"):
        Stacking(np.zeros((6, 1)), families_of([2, 2, 2]))
    with pytest.raises(ValueError, match="one row a network"):
        Stacking(np.zeros((6, 0)), families_of([2, 2, 2]))
    stacking = Stacking(np.zeros((8, 1)), families_of([2] * 4))
    with pytest.raises(ValueError, match="0 of 8 networks are misaligned"):
        stacked_null("x", ("y",), stacking, np.zeros(8, bool), 0.1, np.random.default_rng(0))


def test_dependence_is_measured_within_families() -> None:
    generator = np.random.default_rng(9)
    families = families_of([20] * 3)
    shift = np.repeat([0.0, 9.0, 18.0], 20)
    apart = generator.normal(size=(2, 60)) + shift
    (row,) = dependence("aligned", ("a", "b"), apart, families)
    assert row.interval is not None
    assert row.interval[0] < 0 < row.interval[1], "families that differ are no dependence"
    (alike,) = dependence("aligned", ("a", "b"), np.stack([apart[0], apart[0] ** 3]), families)
    assert alike.correlation == pytest.approx(1)
    (flat,) = dependence("aligned", ("a", "b"), np.stack([apart[0], shift]), families)
    assert (flat.correlation, flat.interval) == (None, None)
    found = dependences(judged(), NAMES)
    assert {row.group for row in found} == {"aligned", "proxy", "deceptive"}
    assert len(found) == 3 * 6
    assert all(row.interval and row.interval[0] > 0 for row in found if row.group == "aligned"
               and CLASSIFIED not in (row.first, row.second))  # fmt: skip


def test_the_interval_of_a_rank_correlation_covers() -> None:
    generator = np.random.default_rng(10)
    true, covered = 6 / np.pi * np.arcsin(0.6 / 2), 0
    for _ in range(400):
        pair = scores(40, 2, 0.6, generator)
        interval = rank_interval(float(stats.spearmanr(pair).statistic), 40)
        assert interval is not None
        covered += interval[0] <= true <= interval[1]
    assert 0.91 < covered / 400 < 0.985
    assert rank_interval(0.5, 3) is None
