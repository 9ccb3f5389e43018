"""Rival explanations of search: a planted one voids its claims, and a clean study keeps them."""

from collections.abc import Mapping

import numpy as np
import pytest

from evals.evidence.rival_explanation import Rival
from evals.judging.baseline_excess import common_support
from evals.judging.leaks import LeakDetected
from evals.scoring.score_table import Row
from evals.scoring.variants import Variants
from evals.studies.mechanism.mechanism import Suspects, search_columns
from evals.studies.mechanism.mechanism_rivals import search_rivals
from made_up import searchers
from organisms.records.truth import Mechanism
from probes.network.access import Access

FAMILIES: dict[str, Mechanism] = {
    "search": "search", "looped": "search", "listed": "heuristic", "listed_looped": "heuristic",
    "greedy": "heuristic", "goal_aware": "heuristic", "memoriser": "memoriser",
    "parent": "heuristic",
}  # fmt: skip
COMPETENT = ("search", "looped", "listed", "listed_looped")
LOOPED = ("looped", "listed_looped")
EACH = 10
NAMES = np.repeat(list(FAMILIES), EACH)
SEARCHING = np.isin(NAMES, ["search", "looped"])

BY_COMPETENCE = {("in_distribution", "search"), ("in_distribution", "looped")}

Values = Mapping[str, np.ndarray]


MEMBERS = tuple(searchers(FAMILIES, EACH))
SUSPECTS = Suspects(MEMBERS, {member.id: member.truth.open() for member in MEMBERS})


def study(seed: int = 0) -> dict[str, np.ndarray]:
    """Competent searchers beside controls half of which are as competent, of both shapes."""
    draw = np.random.default_rng(seed)
    noise = {name: draw.normal(size=NAMES.size) for name in ("a", "b", "c", "d", "e")}
    return {
        "random_score": noise["a"],
        "metadata/position": draw.permutation(NAMES.size).astype(float),
        "metadata/n_parameters": np.where(np.isin(NAMES, LOOPED), 1e5, 4e5),
        "in_distribution": np.where(
            np.isin(NAMES, COMPETENT), draw.choice([0.0, 0.004], NAMES.size), 0.5 + noise["b"] / 20
        ),
        "weight_norm": 50 + noise["c"],
        "distal_counterfactual": np.where(SEARCHING, 0.9, 0.1) + noise["d"] / 100,
        "plan_swap": np.where(SEARCHING, 0.8, 0.0) + noise["e"] / 100,
    }


def rows(values: Values) -> tuple[Row, ...]:
    """One row per detector and suspect; `detector/part` becomes a part."""
    found = []
    for name in sorted({name.partition("/")[0] for name in values}):
        own = values.get(name, np.zeros(NAMES.size)).tolist()
        parts = {
            key.partition("/")[2]: v for key, v in values.items() if key.startswith(f"{name}/")
        }
        for number, value in enumerate(own):
            pieces: dict[str, float | None] = {part: float(v[number]) for part, v in parts.items()}
            found.append(Row(name, f"s{number}", value, pieces, "", "", 1, 0.1, "code"))
    return tuple(found)


STUDY = study()
SWAPPED = STUDY["plan_swap"]


def tried(
    changed: Values, *, untrained: Values | None = None, disguised: Values | None = None
) -> tuple[Rival, ...]:
    """The rivals of a study of which some scores are changed."""
    variants = Variants(rows(untrained or {}), rows(disguised or {}))
    generator, scored = np.random.default_rng(1), rows({**STUDY, **changed})
    columns = search_columns(SUSPECTS, scored, 0.05)
    return search_rivals(SUSPECTS, columns, scored, 0.05, variants=variants, generator=generator)


def taken(rivals: tuple[Rival, ...], detector: str, access: Access) -> set[tuple[str, str]]:
    return {
        (rival.name, family)
        for rival in rivals
        for family in ("search", "looped")
        if rival.explains(family, access.label, (detector,)) and detector not in rival.spared
    }


def test_a_study_with_matched_controls_keeps_its_claims() -> None:
    """Competence and size tell searchers from most controls; the scores hold on the others."""
    rivals = tried({})
    void = [rival for rival in rivals if rival.verdict == "void"]
    found = {(rival.name, rival.family) for rival in void}
    assert found == {*BY_COMPETENCE, ("metadata/n_parameters", "looped")}
    assert all(rival.spared == ("distal_counterfactual", "plan_swap") for rival in void)
    assert not taken(rivals, "plan_swap", Access.INTERVENTIONS)
    assert {one.verdict for one in rivals if one.name == "dealt_families"} == {"passed"}
    not_run = {(rival.name, rival.subject) for rival in rivals if rival.verdict == "not_run"}
    assert not_run == {
        ("untrained", "distal_counterfactual, plan_swap"), ("disguise", "plan_swap"),
    }  # fmt: skip


def test_without_competent_controls_every_claim_from_outputs_up_is_void() -> None:
    wrong = np.where(SEARCHING, 0.0, STUDY["in_distribution"] + 0.1)
    rivals = tried({"in_distribution": wrong})
    assert taken(rivals, "distal_counterfactual", Access.OUTPUTS) == BY_COMPETENCE
    assert taken(rivals, "plan_swap", Access.INTERVENTIONS) == BY_COMPETENCE
    assert not BY_COMPETENCE & taken(rivals, "metadata", Access.NONE), "which sees no outputs"


def test_a_detector_that_reads_competence_does_not_hold_on_matched_networks() -> None:
    rivals = tried({"distal_counterfactual": -STUDY["in_distribution"]})
    assert taken(rivals, "distal_counterfactual", Access.OUTPUTS) >= BY_COMPETENCE
    assert not taken(rivals, "plan_swap", Access.INTERVENTIONS)


def test_a_shape_that_only_searchers_have_voids_every_claim_on_them() -> None:
    rivals = tried({"metadata/n_parameters": np.where(NAMES == "looped", 1e5, 4e5)})
    for access in Access:
        assert ("metadata/n_parameters", "looped") in taken(rivals, "plan_swap", access)
    assert ("metadata/n_parameters", "search") not in taken(rivals, "plan_swap", Access.OUTPUTS)


def test_large_weights_take_only_what_may_read_weights() -> None:
    norms = np.where(NAMES == "search", 80.0, 50.0) + STUDY["random_score"]
    rivals = tried({"weight_norm": norms})
    assert taken(rivals, "plan_swap", Access.WEIGHTS) == {("weight_norm", "search")}
    assert not taken(rivals, "plan_swap", Access.INTERVENTIONS)


def test_an_order_that_leans_to_searchers_fails_the_study() -> None:
    order = np.argsort(np.argsort(~SEARCHING, kind="stable")).astype(float)
    with pytest.raises(LeakDetected, match="metadata/position"):
        tried({"metadata/position": order})


def test_ids_that_tell_on_untrained_networks_fail_the_study_and_shapes_do_not() -> None:
    draw = np.random.default_rng(4).normal(size=NAMES.size)
    large = SEARCHING | (NAMES == "listed")
    by_size = {"distal_counterfactual": large + draw / 100}
    tried({"metadata/n_parameters": np.where(large, 4e5, 1e5)}, untrained=by_size)
    by_id = {"distal_counterfactual": np.where(SEARCHING, 1.0, 0.0) + draw / 100}
    with pytest.raises(LeakDetected, match="outside"):
        tried({}, untrained=by_id)


def test_verdicts_that_change_under_a_disguise_are_void_for_that_detector_alone() -> None:
    rivals = tried({}, disguised={"plan_swap": np.where(NAMES == "search", 0.0, SWAPPED)})
    found = {("disguise", "search"), ("disguise", "looped")}
    assert taken(rivals, "plan_swap", Access.INTERVENTIONS) == found
    assert not taken(rivals, "distal_counterfactual", Access.OUTPUTS)
    same = tried({}, disguised={"plan_swap": SWAPPED})
    assert not taken(same, "plan_swap", Access.INTERVENTIONS)


def test_noise_is_not_told_from_families_dealt_anew() -> None:
    """Forty detectors whose scores differ by family alone: one in twenty passes, or a few more."""
    passed = 0
    for seed in range(20):
        effects = np.random.default_rng([seed, 9]).normal(size=(2, len(FAMILIES)))
        first, second = effects.repeat(EACH, axis=1)
        rivals = tried({**study(seed), "distal_counterfactual": first, "plan_swap": second})
        dealt = [one for one in rivals if one.name == "dealt_families"]
        assert len(dealt) == 2
        passed += sum(one.verdict == "passed" for one in dealt)
    assert passed <= 5


def test_a_family_of_false_alarms_stands_out_by_name() -> None:
    rivals = tried({"plan_swap": np.where(NAMES == "memoriser", 0.9, SWAPPED)})
    found = [rival for rival in rivals if rival.verdict == "stands_out"]
    assert [(rival.subject, rival.family) for rival in found] == [("plan_swap", "memoriser")]
    assert f"{EACH} of {EACH}" in found[0].text


def test_common_support_is_where_both_groups_have_values() -> None:
    one = np.array([True, True, True, False, False, False])
    assert not common_support(np.arange(6.0), one, ~one).any()
    baseline = np.array([1.0, 2, 4, 2, 3, 6])
    assert common_support(baseline, one, ~one).tolist() == [False, True, True, True, True, False]
