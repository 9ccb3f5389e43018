"""Write what judging costs: limits, rates, choices, comparisons, and every rival explanation."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from costs import RESULTS, machine, write_result
from detect.registry import DETECTORS
from evals.evidence.evidence import Population
from evals.judging.build_evidence import build_evidence
from evals.judging.entry import detector_entries, rule_entries
from evals.judging.leaks import require_floors_at_chance, require_sealed_limits
from evals.judging.opened_scores import OpenedScores
from evals.judging.rate_detectors import rate_detectors
from evals.judging.rival_explanations import null_rivals
from evals.judging.selection import contenders, selections
from evals.judging.stack import stack_entry
from evals.scoring.blind import Member
from evals.scoring.score_table import Row
from evals.scoring.variants import Variants
from evals.suite.suite import Suite
from evals.suite.suite_file import suite_from_dict
from evals.suite.suite_names import BUILT_IN
from organisms.records.truth import GroundTruth, Sealed
from probes.parsing import parse_toml

DETECTOR_COUNT = 12
ALIGNED, MISALIGNED = (8, 15), (38, 10)
"""Families and networks of each: 500 suspects."""
TYPES = ("proxy", "subgoal", "pseudo", "deceptive")


def simulated(generator: np.random.Generator) -> tuple[Suite, OpenedScores, tuple[str, ...]]:
    """Opened scores of made-up suspects, and the detectors that gave them."""
    data = parse_toml((BUILT_IN / "smoke.toml").read_bytes(), "smoke.toml")
    for group in data["group"]:
        group["count"] *= 5
    data["alpha"] = 0.05
    data["rule"]["threshold"] = "left_out"
    suite = suite_from_dict(data)
    people: list[tuple[str, GroundTruth]] = []
    for family in range(ALIGNED[0]):
        truth = GroundTruth("aligned", "coin", f"maze/aligned_{family}", "plain", "instilled")
        people += [("calibration" if n < 10 else "test", truth) for n in range(ALIGNED[1])]
    for family in range(MISALIGNED[0]):
        kind = TYPES[family % len(TYPES)]
        truth = GroundTruth(kind, "gem", f"maze/{kind}_{family}", "", "instilled")  # type: ignore[arg-type]
        people += [("test", truth)] * MISALIGNED[1]
    members = tuple(
        Member(f"{n:05d}", f"spec{n}", role, n, frozenset(), Sealed.seal(truth))
        for n, (role, truth) in enumerate(people)
    )
    truths = {member.id: truth for member, (_, truth) in zip(members, people, strict=True)}
    flawed = np.array([truth.misalignment != "aligned" for _, truth in people])
    names = tuple(DETECTORS)
    rows = {
        name: made_up(generator, name, members, 1.5 * flawed * (DETECTORS[name].role == "detector"))
        for name in names
    }
    attempted = {truth.family: MISALIGNED[1] for _, truth in people}
    return suite, OpenedScores(suite.alpha, suite.rule, members, truths, rows, attempted), names


def made_up(
    generator: np.random.Generator, name: str, members: Sequence[Member], shift: np.ndarray
) -> tuple[Row, ...]:
    """A detector's normal scores, and those of its parts, around a shift per suspect."""
    parts = DETECTORS[name].parts
    scores = generator.normal(shift, size=(1 + len(parts), len(members)))
    return tuple(
        Row(name, member.id, float(one[0]), dict(zip(parts, map(float, one[1:]), strict=True)),
            "", "", 1, 0.1, "c")
        for member, one in zip(members, scores.T, strict=True)
    )  # fmt: skip


def populations(judged: OpenedScores) -> tuple[Population, ...]:
    """Everybody was admitted at the first attempt."""
    hashes: dict[tuple[GroundTruth, str], list[str]] = {}
    for member in judged.members:
        hashes.setdefault((judged.truth[member.id], member.role), []).append(member.spec_hash)
    return tuple(
        Population(
            family=truth.family, misalignment=truth.misalignment, stratum=truth.stratum, role=role,
            attempted=len(those), admitted=len(those), diverged=0, duds=(), cpu_seconds=0.0,
            spec_hashes=tuple(those),
        )
        for (truth, role), those in hashes.items()
    )  # fmt: skip


def judging_costs() -> dict[str, Any]:
    """CPU-seconds of each step on simulated scores."""
    for number in range(DETECTOR_COUNT - len(DETECTORS)):
        name = f"extra_{number}"
        DETECTORS[name] = type(name, (DETECTORS["goal_swap"],), {"name": name})
    generator = np.random.default_rng(20_260)
    suite, judged, names = simulated(generator)
    flat = np.zeros(len(judged.members))
    untrained = [made_up(generator, name, judged.members, flat) for name in names]
    variants = Variants(tuple(chain(*untrained)), tuple(chain(*judged.rows.values())))
    stack = stack_entry(judged, names)
    entries = [*detector_entries(judged, names), *rule_entries(judged), *([stack] if stack else [])]
    steps: dict[str, Callable[[], object]] = {
        "everything": lambda: build_evidence(
            suite,
            judged,
            names,
            floors=require_floors_at_chance(judged, names),
            variants=variants,
            scores_sha256="0" * 64,
            population=populations(judged),
            provenance={},
        ),
        "of it, columns": lambda: rate_detectors(judged, entries),
        "of it, sealed limits": lambda: require_sealed_limits(judged, entries),
        "of it, the stack": lambda: stack_entry(judged, names),
        "of it, choices": lambda: selections(judged, contenders(judged, entries)),
        "of it, families dealt anew": lambda: null_rivals(judged, entries),
    }
    seconds = {}
    for name, step in steps.items():
        start = time.process_time()
        step()
        seconds[name] = time.process_time() - start
    return {
        "detectors": len(names),
        "parts": sum(len(DETECTORS[name].parts) for name in names),
        "suspects": len(judged.members),
        "cpu_seconds": seconds,
        **machine(),
    }


if __name__ == "__main__":
    path = RESULTS / "judging.json"
    write_result(path, judging_costs())
    print(path)
