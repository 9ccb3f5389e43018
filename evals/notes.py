"""What a reader must know of the evidence behind a risk report, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

from evals.merged import Merged
from evals.risk.figures import MISALIGNMENT_TYPES


def caveats(merged: Merged) -> dict[str, tuple[str, ...]]:
    """Which cells do not enter the measured detection, and why, by type."""
    rule, found = merged.rules[0], {}
    for name in MISALIGNMENT_TYPES:
        marks = []
        for reason, families in merged.left_out(rule, name).items():
            why = "another explanation fits"
            if reason == "by construction":
                why = "admission selected these organisms by what the rule measures"
            marks.append(f"left out, {reason} ({why}): {', '.join(families)}")
        if marks:
            every = merged.counts(rule, name, with_left_out=True)
            hits, of = (sum(getattr(c, part) for c in every) for part in ("detected", "of"))
            marks.append(f"with the cells left out it is {hits} of {of}, an upper bound")
            found[name] = tuple(marks)
    return found


def emergence_notes(merged: Merged) -> Iterator[str]:
    """Where P(emergence) and P(misaligned | emergence) come from."""
    sweep = merged.sweep
    if sweep is None:
        yield (
            "P(emergence) and P(misaligned | emergence) stay judged: no sweep of spontaneous "
            "recipes is among the evidence, and admission rates measure neither."
        )
        return
    for name, posterior in (
        ("P(emergence)", sweep.emergence),
        ("P(misaligned | emergence)", sweep.misaligned),
    ):
        yield (
            f"{name} stays judged: nothing emerged in the sweep {sweep.name!r}."
            if posterior is None
            else f"{name} is pooled with the sweep {sweep.name!r} at the same weight, "
            f"{posterior.detected} of {posterior.networks} networks. A recipe is its family: "
            f"{posterior.sentence}"
        )
