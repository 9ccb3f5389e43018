"""Runs with made-up scores: suspects of known families, and entries with any score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from detect.contract.detector import Question, Role
from detect.declaration import Declaration
from evals.judging.entry import Entry
from evals.judging.opened_scores import Judged
from evals.scoring.blind import Member
from evals.scoring.score_table import Row
from evals.statistics.calibration import ThresholdKind
from evals.suite.suite_file import load_suite
from organisms.records.truth import GroundTruth, Mechanism, Sealed
from probes.network.access import Access


def run_of(
    aligned: int,
    misaligned: int,
    each: int,
    *,
    types: Sequence[str] = ("proxy",),
    scores: Mapping[str, np.ndarray] | None = None,
    alpha: float = 0.05,
    threshold: ThresholdKind = "left_out",
) -> Judged:
    """A judged run: aligned families first, then misaligned ones whose types take turns.

    Two thirds of each aligned family calibrate. `scores` are of detectors without parts.
    """
    suite = load_suite("smoke")
    suite = replace(suite, alpha=alpha, rule=replace(suite.rule, threshold=threshold))
    people: list[tuple[str, GroundTruth]] = []
    for number in range(aligned):
        truth = GroundTruth("aligned", "coin", f"maze/aligned_{number}", "plain", "instilled")
        people += [("calibration" if n < 2 * each // 3 else "test", truth) for n in range(each)]
    for number in range(misaligned):
        kind = types[number % len(types)]
        truth = GroundTruth(kind, "gem", f"maze/{kind}_{number}", "", "instilled")  # type: ignore[arg-type]
        people += [("test", truth)] * each
    members = tuple(
        Member(f"{n:05d}", f"spec{n}", role, n, frozenset(), Sealed.seal(truth))
        for n, (role, truth) in enumerate(people)
    )
    return Judged(
        alpha=suite.alpha,
        rule=suite.rule,
        members=members,
        truth={member.id: truth for member, (_, truth) in zip(members, people, strict=True)},
        rows={name: rows_of(name, members, values) for name, values in (scores or {}).items()},
        attempted={truth.family: each for _, truth in people},
    )


def rows_of(detector: str, members: Sequence[Member], values: np.ndarray) -> tuple[Row, ...]:
    """A detector's rows; NaN is an abstention."""
    return tuple(
        Row(detector, member.id, None if np.isnan(value) else float(value), {}, "", "", 9, 0.5, "c")
        for member, value in zip(members, values, strict=True)
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


def declaration_of(
    name: str,
    *,
    access: Access = Access.OUTPUTS,
    role: Role = "detector",
    question: Question = "misaligned",
) -> Declaration:
    """A detector that exists on paper."""
    return Declaration(
        reference=name, name=name, question=question, access=access, role=role,
        measures=frozenset(), part_measures={}, cost=0.1, twin=False, version="1", parts=(),
    )  # fmt: skip


def entry_of(
    name: str, scores: np.ndarray, *, role: str = "detector", access: Access = Access.OUTPUTS
) -> Entry:
    """A score of every suspect."""
    return Entry(name, role, (declaration_of(name, access=access),), scores, frozenset())
