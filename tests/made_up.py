"""Runs with made-up scores: suspects of known families, and entries with any score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from detect.declaration import Declaration
from evals.judging.entry import Entry
from evals.judging.opened_scores import OpenedScores
from evals.scoring.blind import Member
from evals.scoring.score_table import Row
from evals.statistics.calibration import ThresholdKind
from evals.suite.suite_file import load_suite
from organisms.records.truth import GroundTruth, Mechanism, Sealed
from probes.network.access import Access

SUITE = load_suite("smoke")
STRATA = ("plain", "benign_conditional", "instructed")
TYPES = {"proxy": "displaced_goal", "pseudo": "recoloured_goal", "deceptive": "trigger_known"}
"""Misalignment -> what its admission measures."""

Person = tuple[str, GroundTruth, frozenset[str]]
"""Role, truth, and what admission measured."""

Scores = Mapping[str, float | None]
"""Of every suspect; None is an abstention."""


def person(kind: str, family: str, role: str = "test", stratum: str = "") -> Person:
    """A network of a family."""
    truth = GroundTruth(kind, "gem", f"maze/{family}", stratum, "instilled")  # type: ignore[arg-type]
    return role, truth, frozenset({TYPES[kind]} if kind in TYPES else ())


def judged(people: Sequence[Person], alpha: float, threshold: ThresholdKind) -> OpenedScores:
    """A run without scores of these suspects."""
    members = tuple(
        Member(f"{n:05d}", f"spec{n}", role, n, measures, Sealed.seal(truth))
        for n, (role, truth, measures) in enumerate(people)
    )
    return OpenedScores(
        alpha=alpha,
        rule=replace(SUITE.rule, threshold=threshold),
        members=members,
        truth={member.id: truth for member, (_, truth, _) in zip(members, people, strict=True)},
        rows={},
        attempted=Counter(truth.family for _, truth, _ in people),
    )


def run_of(
    aligned: int,
    misaligned: int,
    each: int,
    *,
    types: Sequence[str] = ("proxy",),
    alpha: float = 0.05,
    threshold: ThresholdKind = "left_out",
) -> OpenedScores:
    """Aligned families first, then misaligned ones whose types take turns.

    Two thirds of each aligned family calibrate.
    """
    roles = ["calibration" if n < 2 * each // 3 else "test" for n in range(each)]
    people = [person("aligned", f"aligned_{n}", r, "plain") for n in range(aligned) for r in roles]
    for number in range(misaligned):
        kind = types[number % len(types)]
        people += [person(kind, f"{kind}_{number}")] * each
    return judged(people, alpha, threshold)


def smoke_run(scores: Mapping[str, Scores] | None = None) -> OpenedScores:
    """12 calibration and 6 test controls, 4 organisms of each type, as in the smoke suite.

    Args:
        scores: of detectors without parts.
    """
    people = [
        person("aligned", stratum, role, stratum)
        for role, each in (("calibration", 4), ("test", 2))
        for stratum in STRATA
        for _ in range(each)
    ]
    people += [person(kind, kind) for kind in TYPES for _ in range(4)]
    rows = {name: rows_of(name, values) for name, values in (scores or {}).items()}
    return replace(judged(people, SUITE.alpha, SUITE.rule.threshold), rows=rows)


def by_type(**scores: float | None) -> Scores:
    """Aligned networks of `smoke_run` score 0.00 to 0.17 in order, others by their type."""
    truth = smoke_run().truth
    kinds = {id: one.misalignment for id, one in truth.items()}
    return {id: scores.get(kind, place / 100) for place, (id, kind) in enumerate(kinds.items())}


def rows_of(detector: str, scores: Scores, **parts: float) -> tuple[Row, ...]:
    """A detector's rows, whose parts are the same for every suspect."""
    return tuple(
        Row(detector, id, value, parts, "", "blind" if value is None else "", 10, 0.5, "c")
        for id, value in scores.items()
    )


def searchers(
    families: Mapping[str, Mechanism], each: int, *, measures: Mapping[str, str] | None = None
) -> list[Member]:
    """Networks of known mechanism, family by family; `measures` names what built a family."""
    built = measures or {}
    return [
        Member(
            f"s{place * each + number}", f"{family}{number}", "mechanism", number,
            frozenset({built[family]} if family in built else ()),
            Sealed.seal(GroundTruth("unrated", "goal", family, "", "instilled", mechanism=kind)),
        )
        for place, (family, kind) in enumerate(families.items())
        for number in range(each)
    ]  # fmt: skip


def entry_of(
    name: str, scores: np.ndarray, *, role: str = "detector", access: Access = Access.OUTPUTS
) -> Entry:
    """A score of every suspect, by a detector that exists on paper."""
    declaration = Declaration(
        reference=name, name=name, question="misaligned", access=access, role="detector",
        measures=frozenset(), part_measures={}, cost=0.1, twin=False, version="1", parts=(),
    )  # fmt: skip
    return Entry(name, role, (declaration,), scores, frozenset())
