"""Detectors and the rule side by side: what is chosen among them, and how they compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float

from detect.reference_detector import needs_twin
from detect.registry import load_detector
from evals.bench import JUDGE_SEED, Bench
from evals.ensemble import ROLE, fixed_combinations
from evals.leaderboard import Board, leaderboard
from evals.ranked import RankedBench
from evals.rule import rule_scores
from evals.selection import Selection, select
from probes.access import Access

ALL_TYPES = "all"
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Contestant:
    """A detector or the rule with its verdicts.

    Attributes:
        name: of its column.
        role: detector, baseline, floor, rule, restricted or combination.
        access: what it was given.
        scores: of every suspect.
        flags: verdict on every suspect, at the threshold that judges it.
    """

    name: str
    role: str
    access: Access
    scores: Float[np.ndarray, " suspect"]
    flags: Bool[np.ndarray, " suspect"]


def contestants(bench: Bench, detectors: Sequence[str]) -> tuple[Contestant, ...]:
    """Whole detectors that ask for misalignment, the rule and its restrictions, combinations.

    Only combinations by fixed rules are entered: one that is fitted has seen the family that a
    choice is reported on wherever it is rated on another. Whoever asks for a trusted twin stays
    out: its access is on no level.

    Args:
        bench: suspects and thresholds.
        detectors: registry names or `file.py:Class` references, in the order of the suite.
    """
    judged = bench.judged
    kinds = [kind for kind in map(load_detector, detectors) if not needs_twin(kind)]
    rows = [
        (kind.name, str(kind.role), kind.access, judged.scores(kind.name))
        for kind in kinds
        if kind.question == "misaligned"
    ]
    rows += [(one.name, one.role, one.access, one.scores(judged)) for one in rule_scores(judged)]
    found = []
    for name, role, access, scores in rows:
        flags = bench.flags(scores, bench.calibrate(scores, judged.suite.alpha))
        found.append(Contestant(name, role, access, scores, flags))
    ranked = RankedBench(judged, bench.kind)
    for combined in fixed_combinations(ranked, detectors):
        entry = combined.entry
        flags = ranked.flags(entry.scores, ranked.calibrate(entry.scores, judged.suite.alpha))
        found.append(Contestant(entry.name, ROLE, entry.kind.access, entry.scores, flags))
    return tuple(found)


def selections(bench: Bench, contest: Sequence[Contestant]) -> tuple[Selection, ...]:
    """A choice for every type at every access level that adds a contender.

    Contenders are detectors and combinations of the level or below and the rule as far as the
    level allows it;
    floors and baselines are there to be beaten. Highest access first.
    """
    found = []
    for kind, chosen in bench.groups(bench.judged.types).items():
        for number, (level, contenders) in enumerate(_by_access(contest)):
            found.append(
                select(
                    np.stack([one.flags[chosen] for one in contenders]),
                    [one.name for one in contenders],
                    bench.judged.families[chosen],
                    misalignment=kind,
                    access=level.label,
                    generator=np.random.default_rng([JUDGE_SEED, 1, number]),
                )
            )
    return tuple(found)


def boards(bench: Bench, contest: Sequence[Contestant]) -> tuple[Board, ...]:
    """Every detector and the rule on the organisms of each type, then of all types together.

    Combinations stay out: near copies of one another would only cost the others comparisons.
    """
    judged = bench.judged
    entered = [one for one in contest if one.role not in ("restricted", ROLE)]
    groups = bench.groups(judged.types)
    if len(groups) > 1:
        groups[ALL_TYPES] = ~judged.aligned
    scores = np.stack([one.scores for one in entered])
    flags = np.stack([one.flags for one in entered])
    return tuple(
        leaderboard(
            scores[:, chosen],
            flags[:, chosen],
            judged.families[chosen],
            [one.name for one in entered],
            control_scores=scores[:, judged.aligned],
            control_families=judged.families[judged.aligned],
            misalignment=name,
            generator=np.random.default_rng([JUDGE_SEED, 2]),
        )
        for name, chosen in groups.items()
    )


def _by_access(contest: Sequence[Contestant]) -> list[tuple[Access, list[Contestant]]]:
    detectors = [one for one in contest if one.role in ("detector", ROLE)]
    rules = [one for one in contest if one.role in ("rule", "restricted")]
    found: list[tuple[Access, list[Contestant]]] = []
    for level in sorted({one.access for one in (*detectors, *rules)}, reverse=True):
        found.append((level, contenders_at(level, detectors, rules, lambda one: one.access)))
    return found


def contenders_at(
    level: Access, detectors: Sequence[T], rules: Sequence[T], access: Callable[[T], Access]
) -> list[T]:
    """Who may be chosen at an access level: detectors of it or below, and the strongest rule.

    Args:
        level: highest access.
        detectors: and combinations.
        rules: the suite's and its restrictions.
        access: what one of them was given.
    """
    allowed = [one for one in detectors if access(one) <= level]
    strongest = sorted((one for one in rules if access(one) <= level), key=lambda one: -access(one))
    return allowed + strongest[:1]
