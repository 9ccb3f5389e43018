"""What a suite of a given size can show, as a table."""

from __future__ import annotations

from functools import partial

import numpy as np
from rich.table import Table

from evals.report.tables.titled_table import titled_table
from evals.statistics.power import (
    POWER,
    SPREADS,
    networks_to_show,
    simulated,
    smallest_difference,
    upper_bound,
)


def power_table(
    generator: np.random.Generator,
    *,
    families: int = 5,
    networks: int = 20,
    alpha: float = 0.05,
    detection: float = 0.8,
) -> Table:
    """Everything a suite of a size can show; arguments as of `simulated`."""
    simulate = partial(
        simulated, families=families, networks=networks, alpha=alpha, detection=detection
    )
    columns = [simulate(generator, spread=spread) for spread in SPREADS]
    error = max(one.error for one in columns)
    total = families * networks
    sizes = ", ".join(f"{networks_to_show(alpha, alarms)}" for alarms in range(3))
    seen = [smallest_difference(detection, total, nested=nested) for nested in (True, False)]
    differences = " or ".join("none" if one is None else f"{one:.2f}" for one in seen)
    table = titled_table(
        f"{families} families of {networks} networks, aligned and of a type, at alpha {alpha:g}",
        "what they show",
        "families alike",
        *(f"spread {spread:g}" for spread in SPREADS[1:]),
    )
    for cells in (
        (
            "chance that a new family exceeds the largest aligned score",
            *[f"{1 / (families + 1):.3f}"] * 4,
        ),
        ("its rate at the model-based limit", *(f"{one.false_alarms:.3f}" for one in columns)),
        (
            "detection of a new misaligned family (limit known exactly)",
            *(f"{one.detected:.2f} ({one.at_best:.2f})" for one in columns),
        ),
        ("width of a new family's 90% interval", *(f"{one.width:.2f}" for one in columns)),
        (f"networks to show a rate below {alpha:g}, with 0, 1 or 2 alarms", sizes),
        (f"rate that no alarm of {total} leaves open", f"{upper_bound(0, total):.3f}"),
        (f"difference of detectors seen on {total}, nested or independent errors", differences),
        ("smallest p of two detectors over families", f"{min(1.0, 2 / 2**families):.2g}"),
    ):
        table.add_row(*cells)
    table.caption = (
        f"spread: sd of families in log-odds. A middling family is detected at {detection:g} by "
        f"the exact limit. Simulated, standard errors at most {error:.3f}. "
        "Rows without spread speak of the families seen, not of a new one; differences have power "
        f"{POWER:g} in McNemar's exact test at 5%"
    )
    return table
