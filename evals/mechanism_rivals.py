"""Rival explanations of who is told to search: size, competence, weights, packaging and chance.

Searchers and controls could be told apart by what has nothing to do with search. Each explanation
is tried, and the claims that it fits as well are void.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb

import numpy as np
from jaxtyping import Bool, Float
from scipy import stats

from detect.registry import DETECTORS
from evals.calibration import leave_out
from evals.floors import FLOOR_LEVEL, LEAK_LEVEL, LeakDetected
from evals.mechanism import COMPETENCE, SearchColumn, Suspects, matched, scores_by_detector
from evals.panel import Row
from evals.rank_test import holm, rank_sum_p, smallest_p
from evals.rates import auroc
from evals.threshold import calibrate
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

FLOORS = ("random_score", "metadata/file_bytes", "metadata/position")

LEVEL = 0.05
DEALS = 199
MOST_CHANGED = 0.05
"""Share of verdicts that a disguise may change by rounding at the threshold."""


@dataclass(frozen=True)
class Rival:
    """What one rival explanation says.

    Attributes:
        name: the explanation, such as `in_distribution`.
        subject: detector or family tested.
        verdict: `passed`; `void`: claims fall; `at_chance`: not told from families dealt anew;
            `stands_out`: a family that does not search raises more alarms than alpha allows;
            `blind`: too few networks for the test to fail; `not_run`.
        p_value: of the test; None where there is none.
        text: a sentence with the figures.
        family: whose claims a void takes; empty for all.
        access: a void takes claims from this level up; None where only `subject` is concerned.
        spared: detectors whose claim stands, as their score holds on matched networks.
    """

    name: str
    subject: str
    verdict: str
    p_value: float | None
    text: str
    family: str = ""
    access: Access | None = None
    spared: tuple[str, ...] = ()

    def takes(self, detector: str, access: Access, family: str) -> bool:
        """Whether it voids what a detector claims of a family of searchers."""
        if self.verdict != "void" or self.family not in ("", family):
            return False
        if self.access is None:
            return self.subject == detector
        return access >= self.access and detector not in self.spared


def search_rivals(
    suspects: Suspects,
    rows: Sequence[Row],
    alpha: float,
    *,
    variants: Variants,
    generator: np.random.Generator,
) -> tuple[Rival, ...]:
    """Try every rival explanation.

    Args:
        suspects: opened.
        rows: frozen scores.
        alpha: of the thresholds.
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
    columns: Sequence[SearchColumn], rivals: Sequence[Rival]
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


def _void_by(detector: str, family: str, rivals: Sequence[Rival]) -> tuple[str, ...]:
    access = DETECTORS[detector].access
    taking = {rival.name for rival in rivals if rival.takes(detector, access, family)}
    return tuple(sorted(taking))


def _claims(name: str) -> bool:
    return name in DETECTORS and DETECTORS[name].question == "search"


def _inside(name: str) -> bool:
    return DETECTORS[name].access >= Access.ACTIVATIONS


def _floors(suspects: Suspects, scores: Mapping[str, Scores]) -> list[Rival]:
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
    return [Rival("floor", name, "passed", p, f"p = {p:.2g}") for name, p in tests.items()]


def _excesses(
    suspects: Suspects, scores: Mapping[str, Scores], claiming: Sequence[str]
) -> list[Rival]:
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
        if f"{baseline} on {family}" not in excess:
            seeing = smallest_p(int(own.sum()), int((~searching).sum())) <= LEVEL / len(tests)
            found.append(Rival(baseline, family, "passed" if seeing else "blind", p, text, family))
            continue
        inside = matched(values, own, ~searching)
        spared = tuple(
            name
            for name in claiming
            if holds(scores[name], values, own & inside, ~searching & inside, len(claiming))
        )
        text += (
            f"; {int((own & inside).sum())} searchers and {int((~searching & inside).sum())} "
            f"others are matched, on which {len(spared)} of {len(claiming)} detectors hold"
        )
        found.append(Rival(baseline, family, "void", p, text, family, BASELINES[baseline], spared))
    return found


def holds(scores: Scores, baseline: Scores, one: Chosen, other: Chosen, tests: int) -> bool:
    """Whether a score puts one group higher although a baseline does not tell them apart.

    Args:
        scores, baseline: of all networks.
        one, other: the matched ones.
        tests: scores that are tried, which share the level.
    """
    if not (one.any() and other.any()) or rank_sum_p(baseline[one], baseline[other]) <= LEVEL:
        return False
    area = auroc(scores[one], scores[other]).value
    return (
        area is not None
        and area > 0.5
        and rank_sum_p(scores[one], scores[other]) <= LEVEL / max(tests, 1)
    )


def _dealt(
    suspects: Suspects,
    scores: Mapping[str, Scores],
    alpha: float,
    generator: np.random.Generator,
) -> list[Rival]:
    """Whole families dealt anew, judged by the same thresholds."""
    families, searching = suspects.families, suspects.searching
    names = np.unique(families)
    real = frozenset(np.unique(families[searching]).tolist())
    deals = _deals(names.tolist(), real, generator)
    found = []
    for name, values in scores.items():
        own = _share(values, searching, alpha)
        shares = [_share(values, np.isin(families, sorted(dealt)), alpha) for dealt in deals]
        p = (1 + sum(share >= own - 1e-12 for share in shares)) / (1 + len(shares))
        verdict = "passed" if p <= LEVEL else "at_chance"
        if 1 / (1 + len(shares)) > LEVEL:
            verdict = "blind"
        text = (
            f"{own:.2f} of searchers told; with families dealt anew {len(shares)} times "
            f"{float(np.mean(shares)):.2f}, p = {p:.2g}"
        )
        found.append(Rival("dealt_families", name, verdict, p, text))
    return found


def _share(scores: Scores, searching: Chosen, alpha: float) -> float:
    return float(calibrate(scores[~searching], alpha).flags(scores[searching]).mean())


def _deals(
    names: list[str], real: frozenset[str], generator: np.random.Generator
) -> list[frozenset[str]]:
    """Different sets of families to take for searchers, the real one left out."""
    if comb(len(names), len(real)) - 1 <= DEALS:
        every = (frozenset(chosen) for chosen in combinations(names, len(real)))
        return [dealt for dealt in every if dealt != real]
    found: dict[frozenset[str], None] = {}
    while len(found) < DEALS:
        dealt = frozenset(generator.choice(names, len(real), replace=False).tolist())
        if dealt != real:
            found[dealt] = None
    return list(found)


def _false_alarms(suspects: Suspects, scores: Mapping[str, Scores], alpha: float) -> list[Rival]:
    """Families that do not search and raise more alarms than alpha allows, by detector."""
    families, others = suspects.families, ~suspects.searching
    found = []
    for name, values in scores.items():
        flagged = leave_out(values[others], families[others], alpha).flags(values, families)
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
            found.append(Rival("false_alarms", name, "stands_out", tests[family], text, family))
    return found


def _untrained(
    suspects: Suspects, fresh: Mapping[str, Scores], sizes: Scores | None
) -> list[Rival]:
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
    for name in holm(tests, LEAK_LEVEL) if tests else ():
        raise LeakDetected(
            f"{name} tells the ids of searchers from others on untrained networks of the same "
            f"shape (p = {tests[name]:.1e}): it reads something outside the network"
        )
    return [
        Rival("untrained", name, "passed", p, f"ids of fresh networks told with p = {p:.2g}")
        for name, p in tests.items()
    ]


def _disguised(
    suspects: Suspects, scores: Mapping[str, Scores], seen: Mapping[str, Scores], alpha: float
) -> list[Rival]:
    """Units and heads permuted, signs flipped: what is said of searchers must stay.

    Constructed networks are in random bases as they are, and stay so.
    """
    searching = suspects.searching
    found = []
    for name, values in seen.items():
        if not _claims(name):
            continue
        threshold = calibrate(scores[name][~searching], alpha)
        before = threshold.flags(scores[name][searching])
        changed = int((before != threshold.flags(values[searching])).sum())
        void = changed >= 2 and changed > MOST_CHANGED * before.size
        text = (
            f"{changed} of {before.size} verdicts change when hidden units and heads are permuted "
            "and signs flipped, which leaves the function unchanged"
        )
        found.append(Rival("disguise", name, "void" if void else "passed", None, text))
    return found


def _too_dear(name: str, missing: Sequence[str]) -> list[Rival]:
    if not missing:
        return []
    text = "not run: each costs more than variants are given; raise --variants-limit"
    return [Rival(name, ", ".join(missing), "not_run", None, text)]
