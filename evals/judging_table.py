"""What generalises beyond the families seen, as terminal tables."""

from __future__ import annotations

from rich.table import Table

from evals.column import Column
from evals.evidence import Evidence
from evals.family_posterior import FamilyPosterior
from evals.grades import grades
from evals.titled_table import titled_table

THRESHOLD_WORDS = {
    "left_out": "family left out: new families",
    "split": "aligned siblings available: seen families",
}


def judging_tables(evidence: Evidence) -> tuple[Table, ...]:
    """Thresholds, grades of adversary, choices and boards of a run, as far as it has them."""
    tables = [threshold_table(evidence), grade_table(evidence)]
    if evidence.selections:
        tables.append(selection_table(evidence))
    tables += [board_table(evidence)] if evidence.boards else []
    return tuple(tables)


def threshold_table(evidence: Evidence) -> Table:
    """The rule at thresholds of both kinds: nominal, Beta range and realised rate together."""
    table = titled_table(
        f"The rule {evidence.rule!r} at alpha {evidence.alpha:g}: false alarms (exact 95%)",
        "threshold", "controls", "set by", "nominal r/(n+1)", "95% Beta range", "realised",
        "normal count",
    )  # fmt: skip
    for column in rule_at(evidence):
        words = THRESHOLD_WORDS[column.kind]
        low, high = column.fpr_range
        table.add_row(
            words + (" (headline)" if column.kind == evidence.threshold else ""),
            "all",
            f"{column.calibration_size}",
            f"{column.rank}/{column.calibration_size + 1} = {column.nominal_fpr:.3f}",
            f"{low:.3f}-{high:.3f}",
            column.false_alarms.text,
            f"{column.normal_alarms[0]} to {column.normal_alarms[1]}",
        )
        for row in column.alarms:
            low, high = row.fpr_range
            nominal = f"{row.rank}/{row.calibration_size + 1} = {row.nominal_fpr:.3f}"
            beta = f"{low:.3f}-{high:.3f}"
            table.add_row("", row.group, f"{row.calibration_size}", nominal, beta, row.rate.text)
        table.add_row("", "a new family", "", "", "", posterior_text(column.new_family_alarms))
    for own in evidence.own:
        nominal = f"{own.rank}/{own.calibration_size + 1} = {own.nominal_fpr:.3f}"
        low, high = own.fpr_range
        beta = f"{low:.3f}-{high:.3f}" if own.attainable else "-"
        table.add_row(
            "own family alone" if own.attainable else "own family alone: not attainable",
            own.family, f"{own.calibration_size}", nominal, beta, own.false_alarms.text,
        )  # fmt: skip
    if evidence.not_beside:
        table.caption = f"no other kind of threshold: {evidence.not_beside}"
    return table


def grade_table(evidence: Evidence) -> Table:
    """P(detect) of the rule by type and adversary: families seen and a new one, side by side."""
    table = titled_table(
        f"P(detect) of the rule {evidence.rule!r}, {THRESHOLD_WORDS[evidence.threshold]}",
        "type", "adversary", "families", "mean of seen (exact 95%)", "a new family (90%)",
        "over calibration networks (90%)", "assured threshold",
    )  # fmt: skip
    rule = evidence.column(evidence.rule)
    spread = {one.misalignment: one for one in rule.moved}
    for grade in grades(rule):
        one = spread.get(grade.misalignment)
        assured = "not attainable"
        if rule.assured:
            hits = sum(rule.assured.detected[cell.family] for cell in grade.cells)
            assured = f"{hits} of {grade.seen.of}"
        table.add_row(
            grade.misalignment,
            grade.adversary,
            f"{len(grade.cells)}",
            grade.seen.text,
            posterior_text(grade.new_family),
            f"{one.low:.2f}-{one.high:.2f}" if one else "-",
            assured,
        )
    table.caption = (
        "assured: realised false-positive rate at most alpha with 95% confidence, families alike; "
        "the spread is of all organisms of the type"
    )
    return table


def selection_table(evidence: Evidence) -> Table:
    """Best, median and the detector chosen on other families."""
    table = titled_table(
        "Choosing a detector: mean over families of the share flagged",
        "type", "access", "best (flattered)", "median", "chosen on other families",
        "new family, approximate (90%)", "families permuted (90%)",
    )  # fmt: skip
    for one in evidence.selections:
        chosen, null = one.chosen_rate, one.null
        names = ", ".join(dict.fromkeys(choice.detector for choice in one.chosen))
        table.add_row(
            one.misalignment,
            one.access,
            f"{one.best_rate:.2f} {one.best.name}",
            f"{one.median_rate:.2f}",
            "one family: no choice can be checked" if chosen is None else f"{chosen:.2f} {names}",
            posterior_text(one.new_family),
            "-" if null is None else f"{null.low:.2f}-{null.high:.2f} (p {null.at_most:.2f})",
        )
    table.caption = (
        "p: share of random deals of networks to families that choose no better; small where a "
        "choice does not carry over to other families"
    )
    return table


def board_table(evidence: Evidence) -> Table:
    """Every board: detectors with the ranks that the data leave open."""
    table = titled_table(
        "Leaderboard: flagged (exact 95%), and the ranks that paired tests leave open",
        "type", "detector", "flagged", "rank, seen families", "rank, new families",
    )  # fmt: skip
    for board in evidence.boards:
        for number, one in enumerate(board.standings):
            table.add_row(
                board.misalignment if number == 0 else "",
                one.name,
                one.rate.text,
                rank_text(one.ranks),
                rank_text(one.new_family_ranks),
                end_section=number == len(board.standings) - 1,
            )
    table.caption = "\n".join(
        f"{board.misalignment}: {board.sentence}" for board in evidence.boards
    )
    return table


def rule_at(evidence: Evidence) -> tuple[Column, ...]:
    """The rule at the declared kind of threshold, then at the other one if there is one."""
    beside = tuple(column for column in evidence.beside if column.name == evidence.rule)
    return (evidence.column(evidence.rule), *beside)


def posterior_text(posterior: FamilyPosterior | None) -> str:
    """Mean and 90% interval of a new family's rate; says so where the families say nothing."""
    if posterior is None:
        return "not measured"
    low, high = posterior.interval()
    text = f"{posterior.mean:.2f} ({low:.2f}-{high:.2f})"
    return f"{text}, too few families" if posterior.says_nothing else text


def rank_text(ranks: tuple[int, int]) -> str:
    """Such as `1-4`, or `2` where only one place is open."""
    low, high = ranks
    return f"{low}" if low == high else f"{low}-{high}"
