"""What a reader must know beside the figures of a risk report, in plain words."""

from __future__ import annotations

from collections.abc import Sequence

from evals.merged import Merged
from evals.question import Question
from evals.risk.change import Change
from evals.risk.figures import MISALIGNMENT_TYPES
from evals.risk.update import RiskUpdate

BY_CONSTRUCTION = "admission selected these organisms by what the rule measures"


def caveats(merged: Merged) -> dict[str, tuple[str, ...]]:
    """Which cells do not enter the measured detection, and why, by type."""
    rule, found = merged.rules[0], {}
    for name in MISALIGNMENT_TYPES:
        marks = []
        for reason, families in merged.left_out(rule, name).items():
            why = BY_CONSTRUCTION if reason == "by construction" else "another explanation fits"
            marks.append(f"left out, {reason} ({why}): {', '.join(families)}")
        if marks:
            every = merged.counts(rule, name, with_left_out=True)
            hits, of = (sum(getattr(c, part) for c in every) for part in ("detected", "of"))
            marks.append(f"with the cells left out it is {hits} of {of}, an upper bound")
            found[name] = tuple(marks)
    return found


def flags(merged: Merged, question: Question) -> tuple[str, ...]:
    """What is supposed, and where emergence comes from."""
    what_if, sweep = question.what_if, merged.sweep
    found = [f"What if: {what_if.text}, supposed and not measured."] if what_if else []
    if sweep is None:
        found.append(
            "P(emergence) and P(misaligned | emergence) stay judged: no sweep of spontaneous "
            "recipes is among the evidence, and admission rates measure neither."
        )
        return tuple(found)
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
    return tuple(found)


def as_it_is(update: RiskUpdate, scenario: str, weight: float) -> str:
    """Both readings of the judged P(catastrophe), with the default named."""
    mean = update.row(scenario, weight).residual.mean
    return (
        "The judged P(catastrophe) is read as before anything is handled (the default); read as of "
        f"the world as it is, judged handling included, every residual is {update.as_it_is:.2f} "
        f"times larger ({scenario.replace('_', ' ')}, weight {weight:g}: {mean:.4f} and "
        f"{update.as_it_is * mean:.4f})."
    )


def signs(changes: Sequence[Change], cells: str) -> str:
    """For which types and horizons the two readings of correction disagree about the sign.

    Args:
        changes: by horizon and type.
        cells: which cells count, in words.
    """
    found: dict[str, list[str]] = {}
    for one in (change for change in changes if change.signs_differ):
        what = "the whole risk" if one.misalignment == "all" else one.misalignment
        ways = ("up", "down") if one.given > 0 else ("down", "up")
        text = f"{what} ({ways[0]} given detection, {ways[1]} if independent)"
        found.setdefault(text, []).append(one.scenario.replace("_", " "))
    if not found:
        return (
            f"With {cells} the change in risk has the same sign for every type and horizon, "
            "whether correction is drawn given the measured detection (the default) or not."
        )
    parts = [f"{what}, at {', '.join(where)}" for what, where in found.items()]
    return (
        f"With {cells} the two readings of correction, given the measured detection (the default) "
        f"or independent of it, differ in the sign of the change in risk for {'; '.join(parts)}."
    )


def crossing(level: float | None, ends: Sequence[float], weight: float | None) -> tuple[str, ...]:
    """Where the expected residual risk, from weight 0 to 1, meets the decision level, if stated."""
    if level is None:
        return ()
    reached = "no weight reaches it" if weight is None else f"it is met at weight {weight:.2f}"
    return (
        f"The expected residual risk runs from {ends[0]:.4f} at transport weight 0 to "
        f"{ends[1]:.4f} at weight 1; the decision level is {level:g}: {reached}.",
    )
