"""An incident as a page of plain text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from evals.gate.incident import SCHEMA, Incident
from evals.gate.parts import RuleApplied

WIDTH = 88


def incident_text(incident: Incident) -> str:
    """What happened, by which threshold and how much, what to do, and what is not known."""
    subject = incident.subject
    checked = len(incident.tripped) + len(incident.passed)
    whom = (
        f"audited suspect {subject.name} of the suite {subject.suite}"
        if subject.kind == "suspect"
        else f"run {subject.name}"
    )
    lines = [
        f"INCIDENT {incident.id}",
        f"{incident.created}, {SCHEMA}",
        *_heading("What happened"),
        *_wrapped(
            f"The {whom} trips {len(incident.tripped)} of the {checked} rules of the policy "
            f"{incident.policy.name!r} that were checked."
        ),
    ]
    for number, row in enumerate(incident.tripped, start=1):
        lines += ["", *_wrapped(f"{number}. {row.rule}: {distance(row)}.")]
        lines += _wrapped(f"The number: {row.text}.", indent="   ")
        lines += _wrapped(f"Why there: {row.because}.", indent="   ")
    lines += _heading("What to do")
    for action in incident.actions:
        asking = ", ".join(row.rule for row in incident.tripped if row.action == action)
        lines += _item(f"{action} ({asking})")
    lines += _heading("What is not known")
    for sentence in incident.what_is_not_known:
        lines += _item(sentence)
    lines += _heading("What was checked and did not trip")
    lines += _rows(incident.passed)
    lines += _heading("What the policy lets pass unmeasured")
    lines += _rows(incident.ignored)
    lines += _heading("Where this comes from")
    lines += [
        f"suite          {subject.suite} ({subject.suite_hash})",
        f"scores sha256  {subject.scores_sha256}",
        f"policy sha256  {incident.policy.sha256}",
        *(f"{key:14} {value}" for key, value in incident.provenance.items()),
    ]
    return "\n".join(lines) + "\n"


def distance(row: RuleApplied) -> str:
    """How far the fact is from the threshold: `risk is 0.08, above the threshold 0.05 by 0.03`."""
    rule = f"{row.comparison.replace('_', ' ')} {row.threshold:.4g}"
    if row.value is None:
        return f"{row.fact} was not measured, so nobody knows whether it is {rule}"
    if not row.crossed:
        return f"{row.fact} is {row.value:.4g}; the rule trips where it is {rule}"
    if row.value == row.threshold:
        return f"{row.fact} is {row.value:.4g}, exactly the threshold"
    side = "above" if row.value > row.threshold else "below"
    gap = abs(row.value - row.threshold)
    return f"{row.fact} is {row.value:.4g}, {side} the threshold {row.threshold:.4g} by {gap:.3g}"


def _rows(rows: tuple[RuleApplied, ...]) -> Iterator[str]:
    if not rows:
        yield "- nothing"
    for row in rows:
        yield from _item(f"{row.rule}: {distance(row)}")


def _heading(title: str) -> list[str]:
    return ["", title, "-" * len(title)]


def _item(text: str) -> list[str]:
    return _wrapped(f"- {text}", hanging="  ")


def _wrapped(text: str, *, indent: str = "", hanging: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
