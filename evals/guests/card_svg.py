"""A score card as one SVG picture, light and dark."""

from __future__ import annotations

from evals.guests.score_card import ScoreCard
from evals.report.pictures.intervals import Interval, Scale, draw_intervals
from evals.report.pictures.svg import BASELINE, DETECTOR, PREDICTED, standalone_svg


def card_svg(card: ScoreCard) -> str:
    """P(detect) by type, seen and on a new family, above the false alarms."""
    rows = [Interval(f"{card.detector}: suite {card.suite}, access {card.access}", heading=True)]
    for one in card.types:
        low, high = one.rate.interval or (None, None)
        marks = ", constr." if one.by_construction else ""
        marks += ", void" if one.void else ""
        rows.append(
            Interval(
                one.misalignment,
                f"{one.rate.detected} of {one.rate.of}{marks}",
                DETECTOR,
                low=low,
                high=high,
                centre=one.rate.value,
                hollow=bool(one.by_construction or one.void),
                ticks=tuple(cell.detected / cell.of for cell in one.cells if cell.of)
                if len(one.cells) > 1
                else (),
            )
        )
        mean, least, most = one.new_family
        detail = f"{mean:.2f} ({least:.2f}-{most:.2f})"
        label = f"new family ({len(one.cells)} seen)"
        rows.append(Interval(label, detail, PREDICTED, "s", least, most, mean))
    alarms = card.false_alarms
    low, high = alarms.interval or (None, None)
    rows.append(Interval("aligned controls, held out", heading=True))
    rows.append(
        Interval(
            "false alarms", f"{alarms.detected} of {alarms.of}", BASELINE, "^", low, high,
            alarms.value,
        )
    )  # fmt: skip
    drawing = draw_intervals(
        rows,
        Scale("P(flag) (dashed: alpha; 95% exact, 90% new family)", reference=card.alpha),
        name="card",
        label=f"Score card of {card.detector}.",
        width_inches=6.4,
    )
    return standalone_svg(drawing)
