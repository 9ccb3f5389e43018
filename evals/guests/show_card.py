"""A score card for the terminal, and as a picture."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table

from evals.guests.score_card import ScoreCard, TypeScore
from evals.report.tables.run_tables import CONSTRUCTION_MARK, VOID_MARK, predictive_line
from evals.report.tables.titled_table import titled_table
from evals.report.words.wording import WORDS


def card_text(card: ScoreCard) -> Group:
    """The card as one table and the lines below it."""
    by_family = ", ".join(f"{row.group} {row.alarms}/{row.of}" for row in card.alarms_by_family)
    lines = [
        f"limit: {card.limit.text}, set by {card.limit.networks} aligned networks of "
        f"{card.limit.families} families, for a false-positive rate of {card.limit.level:.3f}",
        f"false alarms: {card.false_alarms.detected} of {card.false_alarms.of} ({by_family})",
        f"rank: {card.rank}",
        *(
            f"  against {one.other}: alone {one.only_own}, other alone {one.only_other}, "
            f"p = {one.p_value:.2g}"
            for one in card.paired
            if one.verdict != "not told apart"
        ),
        predictive_line(card.predictive),
        *(
            f"rival, {WORDS.get(k.name, k.name)}: {k.verdict.replace('_', ' ')}, {k.text}"
            for k in card.killers
        ),
        *(f"abstained on {n}: {reason}" for reason, n in card.abstentions.items()),
        f"cost per suspect: {card.cpu_seconds:.2f} CPU-s (declared {card.declared_cost:g}), "
        f"{card.forward_passes:.0f} passes",
        "Exploratory: the truth of this lineup was opened before; guests scored on it so far: "
        f"{card.looks}. Choose among them on one suite, report on another.",
    ]
    return Group(_table(card), *(line for line in lines if line))


def _table(card: ScoreCard) -> Table:
    table = titled_table(
        f"Score card: {card.detector} (asks: {card.question}; access {card.access}), suite "
        f"{card.suite} ({card.environment}), alpha {card.alpha:g}",
        "type", "P(detect), seen families", "families", "new family", "AUROC",
    )  # fmt: skip
    for row in card.types:
        marks = (CONSTRUCTION_MARK if row.by_construction else "") + (VOID_MARK if row.void else "")
        table.add_row(
            row.misalignment,
            row.rate.text + marks,
            str(len(row.cells)),
            _new_family(row),
            "\n".join(
                "-"
                if cell.auroc is None or cell.auroc_interval is None
                else f"{cell.auroc:.2f} ({cell.auroc_interval[0]:.2f}-{cell.auroc_interval[1]:.2f})"
                f" {cell.family.partition('/')[2]}"
                for cell in row.cells
            ),
        )
    table.caption = "exact 95% intervals; new family: mean and 90% interval of one more family"
    if any(row.by_construction for row in card.types):
        table.caption += f"\n{CONSTRUCTION_MARK} by construction: it measures what admission did"
    if any(row.void for row in card.types):
        table.caption += f"\n{VOID_MARK} void: a rival explains the claim away"
    return table


def card_svg(card: ScoreCard) -> str:
    """P(detect) by type, seen and on a new family, above the false alarms; light and dark."""
    from evals.report.pictures.intervals import Interval, Scale, draw_intervals
    from evals.report.pictures.svg import BASELINE, DETECTOR, PREDICTED, standalone_svg

    rows = [Interval(f"{card.detector}: suite {card.suite}, access {card.access}", heading=True)]
    for one in card.types:
        low, high = one.rate.interval or (None, None)
        marks = (", constr." if one.by_construction else "") + (", void" if one.void else "")
        detail = f"{one.rate.detected} of {one.rate.of}{marks}"
        shares = tuple(cell.detected / cell.of for cell in one.cells if cell.of)
        rows.append(
            Interval(
                one.misalignment, detail, DETECTOR, "o", low, high, one.rate.value,
                hollow=bool(marks), ticks=shares if len(one.cells) > 1 else (),
            )
        )  # fmt: skip
        mean, least, most = one.new_family
        label = f"new family ({len(one.cells)} seen)"
        rows.append(Interval(label, _new_family(one), PREDICTED, "s", least, most, mean))
    alarms = card.false_alarms
    detail = f"{alarms.detected} of {alarms.of}"
    low, high = alarms.interval or (None, None)
    rows.append(Interval("aligned controls, held out", heading=True))
    rows.append(Interval("false alarms", detail, BASELINE, "^", low, high, alarms.value))
    spoken = "; ".join(f"{row.label}: {row.detail}" for row in rows if not row.heading)
    drawing = draw_intervals(
        rows,
        Scale("P(flag) (dashed: alpha; 95% exact, 90% new family)", reference=card.alpha),
        name="card",
        label=f"Score card of {card.detector}. {spoken}.",
        width_inches=6.4,
    )
    return standalone_svg(drawing)


def _new_family(row: TypeScore) -> str:
    mean, low, high = row.new_family
    return f"{mean:.2f} ({low:.2f}-{high:.2f})"
