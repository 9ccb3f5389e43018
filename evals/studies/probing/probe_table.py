"""A probe sweep as one terminal table: at each site the target that stands out most."""

from __future__ import annotations

from rich.table import Table

from evals.report.tables.titled_table import titled_table
from evals.studies.probing.probing import Cell, Reading

SIGNIFICANT = 0.05
MOST_SITES = 26
"""Rows, so that the table fits one screen."""


def probe_table(reading: Reading) -> Table:
    """One line per site: its target farthest above every control, and the control nearest to it."""
    question = reading.question
    table = titled_table(
        f"What can be read where in {reading.suspect}? {question.fit.method} probes, held-out "
        f"accuracy on {question.instances} instances of {reading.environment} "
        f"({question.shift or 'in distribution'})",
        "site", "target", "accuracy (folds)", "chance", "best control", "p",
    )  # fmt: skip
    sites = list(dict.fromkeys(cell.site for cell in reading.cells))
    for site in sites[:MOST_SITES]:
        cell = max((one for one in reading.cells if one.site == site), key=margin)
        mark = "*" if cell.p_value <= SIGNIFICANT else ""
        name, control = best_control(cell)
        table.add_row(
            cell.site.replace("blocks.", "").replace("hook_", "")
            + ("" if cell.decision is None else f" at {cell.decision}"),
            cell.target,
            f"{_share(cell.accuracy)}{mark} ({_share(cell.lowest_fold)}-"
            f"{_share(cell.highest_fold)})",
            _share(cell.chance),
            f"{_share(control)} {name}",
            f"{cell.p_value:.3f}",
        )
    table.caption = "\n".join(_notes(reading, len(sites)))
    return table


def best_control(cell: Cell) -> tuple[str, float]:
    """The control that reaches most, and what it reaches."""
    controls = {
        "control task": cell.control_task,
        "shuffled labels": cell.shuffled,
        "untrained network": cell.untrained,
        "input only": cell.input_only,
        "random direction": cell.random_direction,
    }
    reached = {name: value for name, value in controls.items() if value is not None}
    best = max(reached, key=lambda name: reached[name])
    return best, reached[best]


def margin(cell: Cell) -> float:
    """Accuracy less that of the best control."""
    return cell.accuracy - best_control(cell)[1]


def _notes(reading: Reading, n_sites: int) -> list[str]:
    targets = dict.fromkeys(cell.target for cell in reading.cells)
    standing = {
        cell.target for cell in reading.cells if margin(cell) > 0 and cell.p_value <= SIGNIFICANT
    }
    above = [name for name in targets if name in standing]
    notes = [
        f"* p <= {SIGNIFICANT:g} corrected for the whole scan "
        f"({reading.question.shuffles} shuffles), above chance only: compare with the best control",
        f"Above chance and every control somewhere: {len(above)} of {len(targets)} targets"
        + (f" ({', '.join(above)})" if above else ""),
        "A probe locates; only interventions show use. Every target at every site: --json FILE",
    ]
    if n_sites > MOST_SITES:
        notes.append(f"{n_sites - MOST_SITES} more sites are in --json")
    return notes + [f"Left out: {name} ({reason})" for name, reason in reading.left_out.items()]


def _share(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1)
