"""What a reader must know beside the figures of a risk report, in plain words."""

from __future__ import annotations

from evals.merged import Merged
from evals.operating import operating_rates
from evals.question import Question
from evals.risk import MISALIGNMENT_TYPES

VOID = "a killer explains the rule's detection away; see the evidence"
BY_CONSTRUCTION = "detected by what admission selected the organisms by: an upper bound, not a test"


def caveats(merged: Merged) -> dict[str, tuple[str, ...]]:
    """What weakens the measured detection, by type."""
    rule = merged.rules[0]
    marks = {
        BY_CONSTRUCTION: {n for n in MISALIGNMENT_TYPES if merged.by_construction(rule, n)},
        VOID: {n for n in MISALIGNMENT_TYPES if merged.voided(rule, n)},
    }
    found = {
        name: tuple(mark for mark, marked in marks.items() if name in marked)
        for name in MISALIGNMENT_TYPES
    }
    return {name: marked for name, marked in found.items() if marked}


def flags(merged: Merged, question: Question) -> tuple[str, ...]:
    """What is supposed, and where emergence comes from."""
    found = []
    if question.what_if:
        found.append(f"What if: {question.what_if.text}, supposed and not measured.")
    sweep = merged.sweep
    if sweep is None:
        found.append(
            "P(emergence) and P(misaligned | emergence) stay judged: no sweep of spontaneous "
            "recipes is among the evidence, and admission rates measure neither."
        )
    else:
        for name, posterior in (
            ("P(emergence)", sweep.emergence),
            ("P(misaligned | emergence)", sweep.misaligned),
        ):
            found.append(
                f"{name} stays judged: nothing emerged in the sweep {sweep.name!r}."
                if posterior is None
                else f"{name} is pooled with the sweep {sweep.name!r} at the same weight, "
                f"{posterior.detected} of {posterior.networks} networks. A recipe is its family: "
                f"{posterior.sentence}"
            )
    if not operating_rates(merged):
        found.append("The runs share no false-positive rate at which all could be compared.")
    return tuple(found)


def crossing(
    level: float | None, ends: tuple[float, float], weight: float | None
) -> tuple[str, ...]:
    """Where the expected residual risk meets the decision level, if one was stated.

    Args:
        level: the decision level.
        ends: expected residual risk at transport weights 0 and 1.
        weight: at which it is met; None if at none.
    """
    if level is None:
        return ()
    reached = "no weight reaches it" if weight is None else f"it is met at weight {weight:.2f}"
    return (
        f"The expected residual risk runs from {ends[0]:.4f} at transport weight 0 to "
        f"{ends[1]:.4f} at weight 1; the decision level is {level:g}: {reached}.",
    )
