"""A probe sweep as terminal tables: accuracy by target and site, and the best site's controls."""

from __future__ import annotations

from rich.table import Table

from evals.report.tables.titled_table import titled_table
from evals.studies.probing.probing import Cell, Reading

SIGNIFICANT = 0.05


def accuracy_table(reading: Reading) -> Table:
    """Accuracy of every target at every site; at its best decision where each has its own."""
    question = reading.question
    where = "best decision" if question.by_position else "one probe for all decisions"
    table = titled_table(
        f"{question.fit.method} probes of {reading.suspect}: held-out accuracy, {where}; "
        f"{question.instances} instances of {reading.environment} "
        f"({question.shift or 'in distribution'}), {question.folds} folds",
        "target",
        "chance",
    )
    sites = list(dict.fromkeys(cell.site for cell in reading.cells))
    for site in sites:
        table.add_column(_heading(site), justify="right")
    for target in dict.fromkeys(cell.target for cell in reading.cells):
        best = [
            max(
                (c for c in reading.cells if c.target == target and c.site == site),
                key=lambda cell: cell.accuracy,
            )
            for site in sites
        ]
        table.add_row(target, _share(best[0].chance), *(_marked(cell) for cell in best))
    table.caption = (
        f"* p <= {SIGNIFICANT:g} corrected for the whole scan ({question.shuffles} shuffles); a "
        "probe locates, only interventions show use"
    )
    for name, reason in reading.left_out.items():
        table.caption += f"\nleft out: {name} ({reason})"
    return table


def control_table(reading: Reading) -> Table:
    """The best site of every target beside its controls."""
    table = titled_table(
        "each target at its best site, beside what the same probes reach elsewhere",
        "target",
        "site",
        "chance",
    )
    for heading in (
        "accuracy (folds)", "control\ntask", "selectivity", "shuffled", "untrained",
        "input\nonly", "random\ndirection", "p",
    ):  # fmt: skip
        table.add_column(heading, justify="right")
    for target in dict.fromkeys(cell.target for cell in reading.cells):
        cell = reading.best(target)
        place = "" if cell.decision is None else f" at {cell.decision}"
        table.add_row(
            target,
            cell.site.replace("hook_", "") + place,
            _share(cell.chance),
            f"{_share(cell.accuracy)} ({_share(cell.lowest_fold)}-{_share(cell.highest_fold)})",
            _share(cell.control_task),
            _share(cell.selectivity),
            _share(cell.shuffled),
            _share(cell.untrained),
            _share(cell.input_only),
            _share(cell.random_direction),
            f"{cell.p_value:.3f}",
        )
    return table


def _marked(cell: Cell) -> str:
    return f"{_share(cell.accuracy)}{'*' if cell.p_value <= SIGNIFICANT else ' '}"


def _heading(site: str) -> str:
    """`blocks.3.hook_resid_mid` as `3` over `mid`."""
    return "\n".join(site.replace("blocks.", "").replace("hook_resid_", "").split("."))


def _share(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.2f}".replace("0.", ".", 1)
