"""A score card for the terminal."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table

from evals.guests.score_card import ScoreCard, TypeScore
from evals.report.tables.run_tables import CONSTRUCTION_MARK, VOID_MARK, predictive_line
from evals.report.tables.titled_table import titled_table
from evals.report.words.wording import WORDS


def card_text(card: ScoreCard) -> Group:
    """The card as one table and the lines below it."""
    return Group(_table(card), *card_lines(card))


def card_lines(card: ScoreCard) -> list[str]:
    """What the table does not hold, a line each."""
    by_family = ", ".join(f"{row.group} {row.alarms}/{row.of}" for row in card.alarms_by_family)
    lines = [
        f"limit: {card.limit.text}, set by {card.limit.networks} aligned networks of "
        f"{card.limit.families} families, for a false-positive rate of {card.limit.level:.3f}",
        f"false alarms: {card.false_alarms.detected} of {card.false_alarms.of} ({by_family})",
        f"rank: {card.rank}",
    ]
    lines += [
        f"  against {one.other}: alone {one.only_own}, other alone {one.only_other}, "
        f"p = {one.p_value:.2g}"
        for one in card.paired
        if one.verdict != "not told apart"
    ]
    lines.append(predictive_line(card.predictive))
    lines += [
        f"killer, {WORDS.get(k.name, k.name)}: {k.verdict.replace('_', ' ')}, {k.text}"
        for k in card.killers
    ]
    lines += [f"abstained on {n}: {reason}" for reason, n in card.abstentions.items()]
    lines.append(
        f"cost per suspect: {card.cpu_seconds:.2f} CPU-s (declared {card.declared_cost:g}), "
        f"{card.forward_passes:.0f} passes"
    )
    lines.append(
        f"Exploratory: {card.looks} detectors from elsewhere were scored on this lineup, whose "
        "truth was opened before. Choose among them on one suite, report on another."
    )
    return [line for line in lines if line]


def _table(card: ScoreCard) -> Table:
    table = titled_table(
        f"Score card: {card.detector} (asks: {card.question}; access {card.access}), suite "
        f"{card.suite} ({card.environment}), alpha {card.alpha:g}",
        "type", "P(detect), seen families", "families", "new family", "AUROC",
    )  # fmt: skip
    for row in card.types:
        mean, low, high = row.new_family
        marks = (CONSTRUCTION_MARK if row.by_construction else "") + (VOID_MARK if row.void else "")
        table.add_row(
            row.misalignment,
            row.rate.text + marks,
            str(len(row.cells)),
            f"{mean:.2f} ({low:.2f}-{high:.2f})",
            "\n".join(_areas(row)),
        )
    table.caption = "exact 95% intervals; new family: mean and 90% interval of one more family"
    if any(row.by_construction for row in card.types):
        table.caption += f"\n{CONSTRUCTION_MARK} by construction: it measures what admission did"
    if any(row.void for row in card.types):
        table.caption += f"\n{VOID_MARK} void: a killer explains the claim away"
    return table


def _areas(row: TypeScore) -> list[str]:
    return [
        "-"
        if cell.auroc is None or cell.auroc_interval is None
        else f"{cell.auroc:.2f} ({cell.auroc_interval[0]:.2f}-{cell.auroc_interval[1]:.2f}) "
        f"{cell.family.partition('/')[2]}"
        for cell in row.cells
    ]
