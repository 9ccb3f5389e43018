"""What the measurement changes, and which to make next, in plain words."""

from __future__ import annotations

from collections.abc import Iterator

from evals.report.headline import FEWEST_FAMILIES, listed, plural
from evals.report.risk_figure import horizon_text, horizons, percent
from evals.risk.update import RiskUpdate, TypeUpdate


def strategy(risk: RiskUpdate) -> tuple[str, ...]:
    """Sentences: the share of the risk that remains, the disagreement by type, the next step."""
    return (*_remaining(risk), *_disagreement(risk), *_next(risk))


def _remaining(risk: RiskUpdate) -> Iterator[str]:
    unmitigated: list[str] = []
    shares: dict[str, list[str]] = {}
    for horizon in horizons(risk):
        rows = sorted(
            (row for row in risk.rows if row.horizon == horizon), key=lambda row: row.weight
        )
        unmitigated.append(f"{percent(rows[0].unmitigated.mean)} ({horizon_text(horizon)})")
        parts = [
            f"{row.fraction.mean:.2f} ({row.fraction.q05:.2f}-{row.fraction.q95:.2f}) at weight "
            f"{row.weight:g}"
            for row in rows
        ]
        shares.setdefault(listed(parts), []).append(horizon_text(horizon))
    yield f"If nothing were handled the mean risk would be {listed(unmitigated)}."
    for share, where in shares.items():
        everywhere = len(shares) == 1
        scope = "at every horizon" if everywhere else f"for {listed(where)}"
        yield f"The share of the risk that remains is, {scope}, {share}."


def _disagreement(risk: RiskUpdate) -> Iterator[str]:
    for record in risk.types:
        new = record.measured_detection
        if new is None:
            continue
        judged = record.judged_detection
        if record.families < FEWEST_FAMILIES:
            verdict = "too open to confirm or contradict the judged"
        elif new.q05 > judged.q95:
            verdict = "above the whole judged interval"
        elif new.q95 < judged.q05:
            verdict = "below the whole judged interval"
        else:
            verdict = "compatible with the judged interval"
        yield (
            f"{record.misalignment.capitalize()}: measured detection of a new family "
            f"{new.q05:.2f}-{new.q95:.2f} is {verdict} {judged.q05:.2f}-{judged.q95:.2f}."
        )


def _next(risk: RiskUpdate) -> Iterator[str]:
    short = [_shortage(record) for record in risk.types if record.families < FEWEST_FAMILIES]
    if short:
        yield (
            f"Measure next: {listed(short)}. At fewer than {FEWEST_FAMILIES} families of a type, "
            "another family teaches more than any number of further networks."
        )


def _shortage(record: TypeUpdate) -> str:
    wanted = FEWEST_FAMILIES - record.families
    return f"{plural(wanted, 'more family', 'more families')} of {record.misalignment}"
