"""Attempts to explain a stack away: dealt labels, packaging, and the same networks untrained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from detect.declaration import declared
from evals.ensemble import CLASSIFIED, CLASSIFIER, can_stack, feature_matrix, null_of
from evals.judge import Judged
from evals.killer import Killer
from evals.panel import Row
from evals.stacked_null import DEALS, StackedNull

STACK_LEVEL = 0.05
"""Level at which a stack is told from dealt labels; what may explain the classifier shares it."""

PACKAGING = "metadata"


def stack_killers(
    judged: Judged,
    stacks: Sequence[StackedNull],
    untrained: Sequence[Row],
    *,
    deals: int = DEALS,
) -> tuple[Killer, ...]:
    """What dealt labels say of every stack, and what may stand behind the weights-only classifier.

    The classifier's fit is repeated on numbers that are visible without the weights (position, file
    size, number of parameters) and on the parts of networks of the same shapes, under the same ids,
    that nobody trained. Where one of them tells labels apart, the classifier's claims fall.

    Args:
        judged: opened scores.
        stacks: of the run.
        untrained: rows on networks with fresh weights.
        deals: times that labels are dealt anew.
    """
    found = [_dealt(one) for one in stacks]
    if any(one.name == CLASSIFIER for one in stacks) and can_stack(judged):
        tests = []
        if PACKAGING in judged.rows:
            features = tuple(f"{PACKAGING}/{part}" for part in declared(PACKAGING).parts)
            matrix = feature_matrix(judged, features)
            tests.append(("packaging", null_of(judged, CLASSIFIER, features, matrix, deals=deals)))
        fresh = _untrained(judged, untrained)
        if fresh is not None:
            features = tuple(f"{CLASSIFIED}/{part}" for part in declared(CLASSIFIED).parts)
            matrix = feature_matrix(fresh, features)
            tests.append(("untrained", null_of(judged, CLASSIFIER, features, matrix, deals=deals)))
        found += [_behind(name, one, len(tests)) for name, one in tests]
    return tuple(found)


def _dealt(one: StackedNull) -> Killer:
    told = one.at_least <= STACK_LEVEL
    text = (
        f"{one.rate.text} flagged; with labels dealt anew {one.deals} times {one.mean:.3f} "
        f"({one.low:.2f}-{one.high:.2f}), p = {one.at_least:.2g}"
    )
    verdict = "passed" if told else "at_chance"
    return Killer("dealt_labels", one.name, "", "", verdict, one.at_least, one.of, text)


def _behind(name: str, one: StackedNull, tests: int) -> Killer:
    told = one.at_least <= STACK_LEVEL / tests
    blind = 1 / (1 + one.deals) > STACK_LEVEL / tests
    what = "the packaging alone" if name == "packaging" else "untrained networks"
    text = f"the same fit on {what} flags {one.rate.text}, p = {one.at_least:.2g}"
    verdict = "void" if told else "blind" if blind else "passed"
    if told:
        text += ": shape or packaging tells the labels, not what training left in the weights"
    return Killer(f"stack_{name}", one.name, "", "", verdict, one.at_least, one.of, text)


def _untrained(judged: Judged, rows: Sequence[Row]) -> Judged | None:
    """The run with the classifier's detector scored on fresh networks; None where it was not."""
    by_id = {row.suspect: row for row in rows if row.detector == CLASSIFIED}
    if set(by_id) != {member.id for member in judged.members}:
        return None
    ordered = tuple(by_id[member.id] for member in judged.members)
    fresh = replace(judged, rows={CLASSIFIED: ordered})
    parts = declared(CLASSIFIED).parts
    scored = np.array([not np.isnan(fresh.scores(CLASSIFIED, part)).all() for part in parts])
    return fresh if bool(scored.any()) else None
