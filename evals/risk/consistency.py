"""The judged rows against each other: where they cannot all hold, and by how much."""

from __future__ import annotations

import numpy as np
from scipy import special

from evals.risk.figures import MISALIGNMENT_TYPES, Figures, FiguresError
from evals.risk.implied_severity import implied_severity
from evals.risk.incoherence import Incoherence, bound_holds, ends, equal_rows
from evals.risk.judged import beta_from_interval

_WORDS = ("very low", "low", "low-medium", "medium", "medium-high", "high", "very high")


def consistency(
    figures: Figures, *, generator: np.random.Generator, draws: int = 100_000
) -> tuple[Incoherence, ...]:
    """Every comparison of the judged rows that the analysis allows.

    The rows are drawn independently: the analysis gives no joint distribution. An interval from 0
    fixes only a 95% bound; Beta(1, b) is then a judgement of its shape. The catastrophe rows are
    read as P(catastrophe) of all systems, before anything is handled. Detectability that is equally
    worded throughout bounds nothing, and has no row. Judgements that cannot hold together are rows
    with the verdict "incoherent", never errors.

    Raises:
        FiguresError: when a detectability has no place on the scale of words.
    """
    if draws < 1000:
        raise ValueError(f"got {draws} draws, wanted at least 1000 for tail probabilities")
    return (
        _prevalence_sum(figures, generator, draws),
        *implied_severity(figures, generator=generator, draws=draws),
        _emergence(figures, generator, draws),
        *_detectability(figures, generator, draws),
    )


def _prevalence_sum(figures: Figures, generator: np.random.Generator, draws: int) -> Incoherence:
    judged = {name: figures.types[name].prevalence for name in MISALIGNMENT_TYPES}
    middle = sum(low + high for low, high in judged.values()) / 2
    total = sum(
        (beta_from_interval(*one).at(generator.random(draws)) for one in judged.values()),
        start=np.zeros(draws),
    )
    over = float(np.mean(total > 1))
    return Incoherence(
        "prevalence sum",
        f"The judged shares of the four types should add up to 1; their midpoints add up to "
        f"{middle:.3f} and their draws to {total.mean():.3f} on average, more than 1 with "
        f"probability {over:.2f}.",
        float(total.mean()),
        *ends(total),
        equal_rows(over),
    )


def _emergence(figures: Figures, generator: np.random.Generator, draws: int) -> Incoherence:
    bound = figures.horizons["current"].emergence[1]
    judged = beta_from_interval(*figures.emergence_gpt4_plus)
    above = float(special.betaincc(judged.a, judged.b, bound))
    low, high = figures.emergence_gpt4_plus
    return Incoherence(
        "emergence of GPT-4 class and later",
        f"Emergence is judged at {low:.2f}-{high:.2f} for GPT-4 class systems and later, which "
        f"puts {above:.0%} above {bound:.2f}, the judged upper end for current systems; the two "
        "rows describe different systems and are kept apart.",
        above,
        None,
        None,
        bound_holds(1 - above),
    )


def _detectability(
    figures: Figures, generator: np.random.Generator, draws: int
) -> tuple[Incoherence, ...]:
    ranks, success = {}, {}
    for name in MISALIGNMENT_TYPES:
        row = figures.types[name]
        if row.detectability not in _WORDS:
            raise FiguresError(
                f"type.{name}.detectability is {row.detectability!r}, wanted one of {_WORDS}"
            )
        ranks[name] = _WORDS.index(row.detectability)
        success[name] = beta_from_interval(*row.success).at(generator.random(draws))
    pairs = [
        (float(np.mean(success[easy] > success[hard])), easy, hard)
        for easy in ranks
        for hard in ranks
        if ranks[easy] > ranks[hard]
    ]
    if not pairs:
        return ()
    holds, easy, hard = min(pairs)
    sentence = (
        f"Types said to be easier to detect should be handled more often; the closest pair is "
        f"{easy} ({figures.types[easy].detectability}) above {hard} "
        f"({figures.types[hard].detectability}), which holds with probability {holds:.2f}."
    )
    return (
        Incoherence("success and detectability", sentence, holds, None, None, bound_holds(holds)),
    )
