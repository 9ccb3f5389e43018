"""Every rival explanation of a run's rates, tried on every run before its evidence is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Shaped
from scipy import stats

from evals.artefacts import artefact_killers
from evals.bench import JUDGE_SEED, Bench
from evals.column import Column
from evals.entry import Entry
from evals.family_null import FamilyNull, Scorer, equal_families, family_null
from evals.floors import floor_killers
from evals.killer import CLAIMING_ROLES, Killer
from evals.rank_test import holm
from evals.stack import NAME as STACK
from evals.stack import stacked_scores
from evals.variant_killers import Variant, untrained_killers

DEALS, STACK_DEALS = 199, 39
"""Times that families are dealt anew; a fitted combination is fitted anew each time."""

LEVEL = 0.05
"""At which a claim is told from dealt families, and at which an aligned family stands out."""

_STREAM = 11


def rival_explanations(
    bench: Bench,
    entries: Sequence[Entry],
    columns: Sequence[Column],
    *,
    floors: Mapping[str, float],
    untrained: Variant,
    disguises: Sequence[Killer],
) -> tuple[Killer, ...]:
    """What every rival explanation found.

    Args:
        bench: suspects and limits.
        entries: all scores that became columns.
        columns: made of them.
        floors: p-values of `require_floors_at_chance`.
        untrained: scores of networks with fresh weights.
        disguises: what `disguise_killers` found.

    Raises:
        LeakDetected: labels leak, so that no rate can be trusted.
    """
    return (
        *floor_killers(bench.judged, floors),
        *null_killers(bench, entries),
        *alarm_killers(columns, bench.judged.suite.alpha),
        *untrained_killers(bench, entries, untrained),
        *disguises,
        *artefact_killers(bench.judged, entries),
    )


def null_killers(bench: Bench, entries: Sequence[Entry]) -> tuple[Killer, ...]:
    """Each detector, the stack, and the rule on every type, beside itself on dealt families."""
    if bench.kind == "split":
        text = "not run: limits of a split judge families that set them, which cannot be dealt"
        return (Killer("dealt_families", "all", "", "", "not_run", None, 0, text),)
    judged = bench.judged
    found = []
    for entry in entries:
        if entry.role not in CLAIMING_ROLES or entry.role == "part":
            continue
        groups = {"": np.ones(len(judged.members), dtype=np.bool_)}
        if entry.role == "rule":
            types = np.unique(judged.types[~judged.aligned]).tolist()
            groups |= {name: judged.aligned | (judged.types == name) for name in types}
        for name, among in groups.items():
            among &= _equal(judged.families, among)
            null = family_null(
                _scorer(bench, entry, among),
                ~judged.aligned[among],
                judged.families[among],
                judged.suite.alpha,
                deals=STACK_DEALS if entry.name == STACK else DEALS,
                generator=np.random.default_rng([JUDGE_SEED, _STREAM]),
            )
            found.append(_dealt(f"{entry.name} on {name}" if name else entry.name, null))
    return tuple(found)


def _equal(
    families: Shaped[np.ndarray, " suspect"], among: Bool[np.ndarray, " suspect"]
) -> Bool[np.ndarray, " suspect"]:
    """As many networks of every family as the smallest has, in the order of random ids."""
    chosen = np.zeros(among.size, dtype=np.bool_)
    chosen[np.flatnonzero(among)[equal_families(families[among])]] = True
    return chosen


def _scorer(bench: Bench, entry: Entry, among: np.ndarray) -> Scorer:
    judged = bench.judged
    if entry.name != STACK:
        return lambda misaligned: entry.scores[among]
    features = np.stack([judged.scores(name) for name in entry.detectors], axis=1)
    return lambda misaligned: stacked_scores(features[among], misaligned, judged.families[among])


def _dealt(subject: str, null: FamilyNull) -> Killer:
    text = (
        f"{null.detected} of {null.of} flagged; with families dealt anew {null.deals} times "
        f"{null.mean:.3f} are, p = {null.p_value:.2g}"
    )
    verdict = "passed" if null.p_value <= LEVEL else "at_chance"
    if null.smallest_p > LEVEL:
        verdict = "blind"
        text += ": too few families for a smaller p-value than that"
    return Killer("dealt_families", subject, "", "", verdict, null.p_value, null.of, text)


def alarm_killers(columns: Iterable[Column], alpha: float) -> tuple[Killer, ...]:
    """Aligned families that raise more alarms than `alpha` allows, column by column.

    P(Bin(n, alpha) >= k) for a family of n controls, Holm over the families of a column. It names
    the family, and does not say that the limit is unsound: with eight families that differ, some
    family stands out in .03 to .41 of columns whose mean rate is alpha.
    """
    found = []
    for column in columns:
        if column.role not in CLAIMING_ROLES or column.role == "part":
            continue
        tests = {
            row.group: float(stats.binom.sf(row.alarms - 1, row.of, alpha))
            for row in column.alarms
            if row.of
        }
        loud = holm(tests, LEVEL)
        for row in column.alarms:
            if row.group in loud:
                text = (
                    f"{row.alarms} of {row.of} networks of {row.group} raise a false alarm, "
                    f"p = {tests[row.group]:.2g} at the rate {alpha:g} if networks were alike; "
                    "where families differ, one does so in up to .4 of runs at a sound limit"
                )
                found.append(
                    Killer(
                        "false_alarms", column.name, "", "", "stands_out", tests[row.group],
                        row.of, text,
                    )
                )  # fmt: skip
    return tuple(found)
