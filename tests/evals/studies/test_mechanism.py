"""Rates of detectors of search: their null are networks that do not search."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evals.evidence.rival_explanation import Rival
from evals.scoring.blind import Member
from evals.scoring.freeze import FreezeBroken, Frozen, freeze
from evals.scoring.score_table import Row
from evals.statistics.limit import AlphaNotAttainable
from evals.studies.mechanism.mechanism import (
    BATTERY,
    SearchColumn,
    Suspects,
    mechanism_suite,
    search_columns,
)
from evals.studies.mechanism.mechanism_rivals import with_rivals
from evals.studies.mechanism.mechanism_table import mechanism_record, mechanism_tables
from evals.suite.suite_file import load_suite
from made_up import searchers
from organisms.records.strict import SpecError
from organisms.records.truth import Mechanism

FAMILIES: dict[str, Mechanism] = {
    "tree/search": "search",
    "tree/compiled_bfs_inert": "heuristic",
    "tree/greedy": "heuristic",
    "tree/memoriser": "memoriser",
}
EACH = 12
MEMBERS = searchers(FAMILIES, EACH, measures={"tree/search": "plan_swap"})


def row(member: Member, value: float | None, detector: str = "plan_swap") -> Row:
    reason = "" if value is not None else "no plan"
    return Row(detector, member.id, value, {}, "", reason, 10, 0.5, "code")


def table(
    folder: Path, members: list[Member], *, search: float | None = 1.0, inert: float = 0.0
) -> Frozen:
    """Scores by family, 0 of all others; a number is added so that none are equal."""
    values = {"tree/search": search, "tree/compiled_bfs_inert": inert}
    rows = []
    for number, member in enumerate(members):
        value = values.get(member.truth.open().family, 0.0)
        rows.append(row(member, None if value is None else value + number / 1000))
    return freeze(rows, folder)


def column(folder: Path, members: list[Member] = MEMBERS, **scores: float | None) -> SearchColumn:
    """What is found of one detector with these scores."""
    frozen = table(folder, members, **scores)
    (found,) = search_columns(Suspects.of(frozen, members), frozen.rows, 0.05)
    return found


def test_a_detector_that_sees_search_alone_is_perfect(tmp_path: Path) -> None:
    found = column(tmp_path)
    assert found.auroc.value == 1
    assert (found.detected.detected, found.detected.of) == (EACH, EACH)
    assert found.calibration_size == 3 * EACH
    built = {family.family for family in found.families if family.by_construction}
    assert built == {found.families[0].family} == {"tree/search"}
    assert found.cpu_seconds == 0.5
    silent = column(tmp_path / "silent", search=None)
    assert (silent.detected.detected, silent.detected.abstained) == (0, EACH), "no search"


def test_one_who_takes_a_plan_for_search_alarms_at_the_inert_planner(tmp_path: Path) -> None:
    """The family left out shows it; and with it among the controls no searcher is flagged."""
    found = column(tmp_path, inert=1.5)
    told = {one.family: one.searching.detected for one in found.families}
    assert (told["tree/compiled_bfs_inert"], told["tree/search"]) == (EACH, 0)
    assert found.false_alarms.detected == EACH
    assert found.auroc.value < 0.7


def test_the_area_among_matched_networks_leaves_easy_controls_out(tmp_path: Path) -> None:
    """The score is competence itself: perfect on all, at chance where competence is equal."""
    wrong = {"tree/greedy": 0.5, "tree/memoriser": 0.6}
    errors = {m.id: wrong.get(m.truth.open().family, 0.0) for m in MEMBERS}
    rows = [row(m, errors[m.id], "in_distribution") for m in MEMBERS]
    rows += [row(m, 1 - errors[m.id]) for m in MEMBERS]
    found = search_columns(Suspects.of(freeze(rows, tmp_path), MEMBERS), rows, 0.05)
    (swapped,) = (one for one in found if one.detector == "plan_swap")
    area = swapped.matched
    assert (area.value, area.positives, area.negatives) == (0.5, EACH, EACH)
    assert swapped.auroc.value == 5 / 6


def test_unknown_mechanisms_are_left_out(tmp_path: Path) -> None:
    (unknown,) = searchers({"tree/odd": "unknown"}, 1)
    members = [*MEMBERS, replace(unknown, id="odd")]
    assert "odd" not in {m.id for m in Suspects.of(table(tmp_path, members), members).members}


def test_one_kind_alone_too_few_controls_and_changed_scores_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="12 of 12"):
        column(tmp_path / "alone", MEMBERS[:EACH])
    with pytest.raises(AlphaNotAttainable, match="3 aligned families"):
        column(tmp_path / "few", MEMBERS[: 3 * EACH])
    frozen = table(tmp_path, MEMBERS)
    frozen.path.write_text(frozen.path.read_text().replace("1.0", "0.1"))
    with pytest.raises(FreezeBroken):
        Suspects.of(frozen, MEMBERS)


def test_the_tables_name_every_family_and_the_record_is_json(tmp_path: Path) -> None:
    found, search = (column(tmp_path),), "tree/search"
    rivals = (
        Rival("in_distribution", search, "void", "0.00", access="outputs", family=search),
        Rival("false_alarms", "plan_swap", "stands_out", "12", family="tree/memoriser"),
    )
    found = with_rivals(found, rivals)
    assert found[0].standing == (0, 0)
    _, families, explanations = mechanism_tables(found, rivals, "suite cpu, tree")
    assert (families.row_count, explanations.row_count) == (len(FAMILIES), 2)
    first, *others = map(str, families.columns[2].cells)
    assert (first, others[-1][-1]) == (f"{EACH}/{EACH}*†", "!")
    many = mechanism_tables(found * 6, rivals, "suite cpu, tree")
    assert [len(table.columns) for table in many[1:-1]] == [2 + 4, 2 + 2], "no name is cut"
    record = mechanism_record(found, rivals, suite="cpu_search", suite_hash="a", scores_sha256="b")
    read = json.loads(json.dumps(record, allow_nan=False))
    assert read["columns"][0]["families"][0]["void_by"] == ["in_distribution"]
    assert [one["access"] for one in read["rivals"]] == ["outputs", ""]


def test_the_part_of_a_suite_that_is_about_search() -> None:
    whole = load_suite("cpu")
    part = mechanism_suite(whole, "tree")
    assert {(group.role, group.build) for group in part.groups} == {("mechanism", "tree_mechanism")}
    assert set(part.wanted()) <= set(whole.wanted())
    assert part.detectors == BATTERY
    assert {"tree/listed", "tree/compiled_listed_looped"} <= {group.recipe for group in part.groups}
    regression = mechanism_suite(whole, "regression")
    assert {"regression/optimiser", "regression/leak"} <= {g.recipe for g in regression.groups}
    with pytest.raises(SpecError, match="no network of known mechanism in 'maze'"):
        mechanism_suite(whole, "maze")
