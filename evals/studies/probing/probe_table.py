"""A probe sweep as terminal tables: accuracy by target and site, and the best site's controls."""

from __future__ import annotations

from rich.table import Table

from evals.report.tables.titled_table import titled_table
from evals.studies.probing.probing import Reading

SIGNIFICANT = 0.05
CONTROLS = (
    "accuracy (folds)", "control\ntask", "selectivity", "shuffled", "untrained", "input\nonly",
    "random\ndirection", "p",
)  # fmt: skip


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
    for site in sites:  # `blocks.3.hook_resid_mid` as `3` over `mid`
        name = site.replace("blocks.", "").replace("hook_resid_", "").replace(".", "\n")
        table.add_column(name, justify="right")
    for target in dict.fromkeys(cell.target for cell in reading.cells):
        best = [reading.best(target, site) for site in sites]
        marked = [f"{_share(c.accuracy)}{'*' if c.p_value <= SIGNIFICANT else ' '}" for c in best]
        table.add_row(target, _share(best[0].chance), *marked)
    table.caption = (
        f"* p <= {SIGNIFICANT:g} corrected for the whole scan ({question.shuffles} shuffles); a "
        "probe locates, only interventions show use"
    )
    for name, reason in reading.left_out.items():
        table.caption += f"\nleft out: {name} ({reason})"
    return table


def control_table(reading: Reading) -> Table:
    """The best site of every target beside its controls."""
    title = "each target at its best site, beside what the same probes reach elsewhere"
    table = titled_table(title, "target", "site", "chance")
    for heading in CONTROLS:
        table.add_column(heading, justify="right")
    for target in dict.fromkeys(cell.target for cell in reading.cells):
        cell = reading.best(target)
        place = "" if cell.decision is None else f" at {cell.decision}"
        controls = (
            cell.control_task, cell.selectivity, cell.shuffled, cell.untrained, cell.input_only,
            cell.random_direction,
        )  # fmt: skip
        table.add_row(
            target,
            cell.site.replace("hook_", "") + place,
            _share(cell.chance),
            f"{_share(cell.accuracy)} ({_share(cell.lowest_fold)}-{_share(cell.highest_fold)})",
            *(_share(value) for value in controls),
            f"{cell.p_value:.3f}",
        )
    return table


def _share(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.2f}".replace("0.", ".", 1)
