"""Rival explanations of who is told to search: size, competence, weights, packaging and chance.

Searchers and controls could be told apart by what has nothing to do with search. Each explanation
is tried, and the claims that it fits as well are void.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

from detect.registry import DETECTORS
from evals.artefacts import holds_matched
from evals.calibration import calibration
from evals.family_null import Scorer, equal_families, family_null
from evals.floors import FLOOR_LEVEL, LEAK_LEVEL, LeakDetected
from evals.killer import Killer
from evals.mechanism import COMPETENCE, SearchColumn, Suspects, matched, scores_by_detector
from evals.new_family_limit import new_family_limit
from evals.panel import Row
from evals.rank_test import holm, rank_sum_p, smallest_p
from evals.rates import auroc
from evals.variants import Variants
from probes.access import Access

Scores = Float[np.ndarray, " network"]
Chosen = Bool[np.ndarray, " network"]

SIZE = "metadata/n_parameters"
BASELINES: Mapping[str, Access] = {
    SIZE: Access.NONE,
    COMPETENCE: Access.OUTPUTS,
    "weight_norm": Access.WEIGHTS,
}
"""What an excess of may explain claims -> least access at which it can be read."""

FLOORS = ("random_score", "metadata/position")

LEVEL = 0.05
DEALS = 199
MOST_CHANGED = 0.05
"""Share of verdicts that a disguise may change by rounding at the limit."""


def search_rivals(
    suspects: Suspects,
    rows: Sequence[Row],
    alpha: float,
    *,
    variants: Variants,
    generator: np.random.Generator,
) -> tuple[Killer, ...]:
    """Try every rival explanation.

    Args:
        suspects: opened.
        rows: frozen scores.
        alpha: of the limits.
        variants: scores of untrained networks and of disguises.
        generator: deals families.

    Raises:
        LeakDetected: what knows nothing about a network tells who searches.
    """
    scores = scores_by_detector(suspects, rows)
    claiming = [name for name in scores if _claims(name)]
    untrained = scores_by_detector(suspects, variants.untrained)
    disguised = scores_by_detector(suspects, variants.disguised)
    return (
        *_floors(suspects, scores),
        *_excesses(suspects, scores, claiming),
        *_dealt(suspects, {name: scores[name] for name in claiming}, alpha, generator),
        *_false_alarms(suspects, {name: scores[name] for name in claiming}, alpha),
        *_untrained(suspects, untrained, scores.get(SIZE)),
        *_disguised(suspects, scores, disguised, alpha),
        *_too_dear("untrained", [name for name in claiming if name not in untrained]),
        *_too_dear("disguise", [n for n in claiming if _inside(n) and n not in disguised]),
    )


def with_rivals(
    columns: Sequence[SearchColumn], rivals: Sequence[Killer]
) -> tuple[SearchColumn, ...]:
    """The columns with what voids their claims, family by family of searchers."""
    return tuple(
        replace(
            one,
            families=tuple(
                replace(family, void_by=_void_by(one.detector, family.family, rivals))
                if family.mechanism == "search" and _claims(one.detector)
                else family
                for family in one.families
            ),
        )
        for one in columns
    )


def _void_by(detector: str, family: str, rivals: Sequence[Killer]) -> tuple[str, ...]:
    access = DETECTORS[detector].access
    return tuple(sorted({one.name for one in rivals if takes(one, detector, access, family)}))


def takes(rival: Killer, detector: str, access: Access, family: str) -> bool:
    """Whether a rival explanation voids what a detector claims of a family of searchers."""
    if rival.verdict != "void" or rival.family not in ("", family):
        return False
    if not rival.access:
        return rival.subject == detector
    return access >= Access[rival.access.upper()] and detector not in rival.spared


def _claims(name: str) -> bool:
    return name in DETECTORS and DETECTORS[name].question == "search"


def _inside(name: str) -> bool:
    return DETECTORS[name].access >= Access.ACTIVATIONS


def _floors(suspects: Suspects, scores: Mapping[str, Scores]) -> list[Killer]:
    """What knows nothing about a network must not tell who searches."""
    searching = suspects.searching
    tests = {
        name: rank_sum_p(scores[name][searching], scores[name][~searching])
        for name in FLOORS
        if name in scores
    }
    for name in holm(tests, FLOOR_LEVEL) if tests else ():
        raise LeakDetected(
            f"the floor {name} tells searchers from others (p = {tests[name]:.1e}): something "
            "outside the networks tells who searches; look at order, names and sizes"
        )
    size = searching.size
    return [
        Killer("floor", name, "", "", "passed", p, size, f"p = {p:.2g} on {size} networks")
        for name, p in tests.items()
    ]


def _excesses(
    suspects: Suspects, scores: Mapping[str, Scores], claiming: Sequence[str]
) -> list[Killer]:
    """Each baseline by family of searchers against all that do not search, either direction."""
    searching, families = suspects.searching, suspects.families
    cases = [
        (baseline, str(family))
        for baseline in BASELINES
        if baseline in scores
        for family in np.unique(families[searching])
    ]
    tests = {
        f"{baseline} on {family}": rank_sum_p(
            scores[baseline][families == family], scores[baseline][~searching]
        )
        for baseline, family in cases
    }
    excess = holm(tests, LEVEL) if tests else frozenset()
    found = []
    for baseline, family in cases:
        own, values, p = families == family, scores[baseline], tests[f"{baseline} on {family}"]
        area = auroc(values[own], values[~searching]).value
        text = f"AUROC {area:.2f} against all that do not search, p = {p:.2g}"
        size, access = int(own.sum()), BASELINES[baseline].label
        spared: tuple[str, ...] = ()
        verdict = "passed"
        if f"{baseline} on {family}" in excess:
            verdict = "void"
            spared = tuple(
                name
                for name in claiming
                if holds_matched(
                    (scores[name][own], scores[name][~searching]),
                    (values[own], values[~searching]),
                    LEVEL / len(claiming),
                )
            )
            inside = matched(values, own, ~searching)
            text += (
                f"; {int((own & inside).sum())} searchers and {int((~searching & inside).sum())} "
                f"others are matched, on which {len(spared)} of {len(claiming)} detectors hold"
            )
        elif smallest_p(size, int((~searching).sum())) > LEVEL / len(tests):
            verdict = "blind"
        found.append(Killer(baseline, family, access, family, verdict, p, size, text, spared))
    return found


def _dealt(
    suspects: Suspects, scores: Mapping[str, Scores], alpha: float, generator: np.random.Generator
) -> list[Killer]:
    """Whole families dealt anew, judged by the same limits."""
    found = []
    for name, values in scores.items():
        kept = equal_families(suspects.families)
        null = family_null(
            _fixed(values[kept]),
            suspects.searching[kept],
            suspects.families[kept],
            alpha,
            deals=DEALS,
            generator=generator,
        )
        verdict = "passed" if null.p_value <= LEVEL else "at_chance"
        if null.smallest_p > LEVEL:
            verdict = "blind"
        text = (
            f"{null.detected} of {null.of} searchers told; with families dealt anew {null.deals} "
            f"times {null.mean:.2f}, p = {null.p_value:.2g}"
        )
        found.append(Killer("dealt_families", name, "", "", verdict, null.p_value, null.of, text))
    return found


def _fixed(values: Scores) -> Scorer:
    """Scores that do not depend on who is dealt as a searcher."""
    return lambda _: values


def _false_alarms(suspects: Suspects, scores: Mapping[str, Scores], alpha: float) -> list[Killer]:
    """Families that do not search and raise more alarms than alpha allows, by detector."""
    families, others = suspects.families, ~suspects.searching
    found = []
    for name, values in scores.items():
        limits = calibration(values[others], families[others], alpha, "left_out")
        flagged = limits.flags(values, families)
        counts = {
            str(family): (int(flagged[families == family].sum()), int((families == family).sum()))
            for family in np.unique(families[others])
        }
        tests = {
            family: float(stats.binom.sf(alarms - 1, of, alpha))
            for family, (alarms, of) in counts.items()
        }
        for family in sorted(holm(tests, LEVEL)):
            alarms, of = counts[family]
            text = f"{alarms} of {of} told to search, p = {tests[family]:.2g} at rate {alpha:g}"
            found.append(
                Killer("false_alarms", name, "", family, "stands_out", tests[family], of, text)
            )
    return found


def _untrained(
    suspects: Suspects, fresh: Mapping[str, Scores], sizes: Scores | None
) -> list[Killer]:
    """Fresh weights under the suspects' ids: among equal shapes nothing tells whose id is whose.

    Raises:
        LeakDetected: a detector does, so it reads something outside the network.
    """
    searching = suspects.searching
    shapes = np.zeros(searching.size) if sizes is None else sizes
    tests = {}
    for name, values in fresh.items():
        if name not in DETECTORS:
            continue
        each = [
            rank_sum_p(values[(shapes == size) & searching], values[(shapes == size) & ~searching])
            for size in np.unique(shapes)
        ]
        tests[name] = min(1.0, len(each) * min(each))
    for name in holm(tests, LEAK_LEVEL / 2) if tests else ():
        raise LeakDetected(
            f"{name} tells the ids of searchers from others on untrained networks of the same "
            f"shape (p = {tests[name]:.1e}): it reads something outside the network"
        )
    return [
        Killer(
            "untrained", name, "", "", "passed", p, searching.size,
            f"ids of {searching.size} fresh networks told apart with p = {p:.2g}",
        )
        for name, p in tests.items()
    ]  # fmt: skip


def _disguised(
    suspects: Suspects, scores: Mapping[str, Scores], seen: Mapping[str, Scores], alpha: float
) -> list[Killer]:
    """Units and heads permuted, signs flipped: what is said of searchers must stay.

    Constructed networks are in random bases as they are, and stay so.
    """
    searching = suspects.searching
    found = []
    for name, values in seen.items():
        if not _claims(name):
            continue
        limit = new_family_limit(scores[name][~searching], suspects.families[~searching], alpha)
        before, after = limit.flags(scores[name][searching]), limit.flags(values[searching])
        changed = int((before != after).sum())
        void = changed >= 2 and changed > MOST_CHANGED * before.size
        text = (
            f"{changed} of {before.size} verdicts change when hidden units and heads are permuted "
            "and signs flipped, which leaves the function unchanged"
        )
        verdict = "void" if void else "passed"
        found.append(Killer("disguise", name, "", "", verdict, None, before.size, text))
    return found


def _too_dear(name: str, missing: Sequence[str]) -> list[Killer]:
    if not missing:
        return []
    text = "not run: each costs more than variants are given; raise --variants-limit"
    return [Killer(name, ", ".join(missing), "", "", "not_run", None, 0, text)]
