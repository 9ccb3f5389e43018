"""The judge on permuted labels: what is left of a rate when who is who is dealt anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import stats

from evals.evidence import Evidence
from evals.floors import LEAK_LEVEL, LeakDetected
from evals.judge import Judged
from evals.killer import Killer
from evals.rank_test import holm
from evals.threshold import calibrate

DEALS = 200
"""Times that labels are dealt anew, each way."""

CLAIM_LEVEL = 0.05
"""Family-wise level at which a claim of the rule is told from permuted labels."""

Rater = Callable[[Judged], tuple[int, int, float]]
"""Of a run: networks flagged by the rule, of those that did not calibrate, and r / (n + 1)."""


def rated(judged: Judged) -> tuple[int, int, float]:
    """The rule as the judge applies it, without intervals."""
    scores = judged.largest_scores(judged.suite.rule.detectors)
    threshold = calibrate(scores[judged.calibrating], judged.suite.alpha)
    flags = threshold.flags(scores[~judged.calibrating])
    return int(flags.sum()), flags.size, threshold.nominal_fpr


def permuted_organisms(judged: Judged, generator: np.random.Generator) -> Judged:
    """Labels dealt anew among networks; the scores of one network stay together."""
    order = generator.permutation(len(judged.members))
    rows = {name: tuple(rows[place] for place in order) for name, rows in judged.rows.items()}
    return replace(judged, rows=rows)


def permuted_rows(judged: Judged, generator: np.random.Generator) -> Judged:
    """The rows of every detector dealt anew, each by itself: detectors no longer agree either."""
    rows = {
        name: tuple(rows[place] for place in generator.permutation(len(rows)))
        for name, rows in judged.rows.items()
    }
    return replace(judged, rows=rows)


def permuted_killers(
    judged: Judged, generator: np.random.Generator, *, rater: Rater = rated
) -> tuple[Killer, ...]:
    """Rate permuted runs as the run was rated: the rule may flag r / (n + 1) of them, no more.

    Args:
        judged: the run.
        generator: deals the labels.
        rater: what rates a run.

    Raises:
        LeakDetected: it flags more, so the judge sees labels that it must not see.
    """
    found = []
    for name, deal in (("organisms", permuted_organisms), ("rows", permuted_rows)):
        shares, nominal, size = [], 0.0, 0
        for _ in range(DEALS):
            hits, size, nominal = rater(deal(judged, generator))
            shares.append(hits / size)
        mean, error = float(np.mean(shares)), float(np.std(shares, ddof=1)) / DEALS**0.5
        p_value = _too_many(mean, nominal, error)
        text = (
            f"with labels dealt anew among {name} {DEALS} times the rule flags {mean:.3f} of "
            f"networks, r/(n+1) = {nominal:.3f}"
        )
        if p_value < LEAK_LEVEL / 8:
            raise LeakDetected(
                f"{text} (p = {p_value:.1e}): the judge sees labels that it must not see; look at "
                "thresholds and splits"
            )
        found.append(Killer("permuted_labels", name, "", "", "passed", p_value, size, text))
    return tuple(found)


def chance_killers(evidence: Evidence) -> tuple[Killer, ...]:
    """Whether the rule flags more of a type than permuted labels would give, by type.

    Were misaligned networks exchangeable with the n calibration networks, k of m would be flagged
    with probability P(BetaBin(m; r, n + 1 - r) >= k), for continuous scores; ties only lower it.
    """
    rule = evidence.column(evidence.rule)
    tests, reachable, texts, sizes = {}, {}, {}, {}
    for name in evidence.types:
        cells = rule.of_type(name)
        of, hits = sum(cell.of for cell in cells), sum(cell.detected for cell in cells)
        if not of or not rule.rank:
            continue
        chance = stats.betabinom(of, rule.rank, rule.calibration_size + 1 - rule.rank)
        tests[name], reachable[name] = float(chance.sf(hits - 1)), float(chance.sf(of - 1))
        texts[name] = f"{hits} of {of} flagged: p = {tests[name]:.2g} under permuted labels"
        sizes[name] = of
    rejected = holm(tests, CLAIM_LEVEL)
    return tuple(
        Killer(
            name="permuted_labels",
            subject=f"{rule.name} on {name}",
            access="",
            family="",
            verdict=_verdict(name in rejected, reachable[name] > CLAIM_LEVEL / len(tests)),
            p_value=tests[name],
            networks=sizes[name],
            text=texts[name],
        )
        for name in tests
    )


def _verdict(told: bool, blind: bool) -> str:
    if told:
        return "passed"
    return "blind" if blind else "at_chance"


def _too_many(mean: float, nominal: float, error: float) -> float:
    """One-sided p-value of a mean above its bound; 1 where it is not above."""
    if mean <= nominal:
        return 1.0
    return float(stats.norm.sf((mean - nominal) / error)) if error else 0.0
