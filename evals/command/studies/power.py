"""What a suite of a given size can show, as a table: `mesascope study power`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from evals.command.command import keep
from evals.command.console import console

if TYPE_CHECKING:
    import numpy as np
    from rich.table import Table

POWER_SEED = 20_261
"""Seed of the simulated families: the same sizes give the same table."""


def power(
    alpha: Annotated[float, typer.Option(help="False-positive rate asked for.")] = 0.05,
    families: Annotated[
        int, typer.Option(help="Aligned families, and of a type.", min=1, max=100)
    ] = 5,
    networks: Annotated[int, typer.Option(help="Networks per family.", min=1, max=1000)] = 20,
    detection: Annotated[float, typer.Option(help="P(detect) of a middling family.")] = 0.8,
) -> None:
    """Say what a suite of a given size can and cannot show, before it is built."""
    import numpy as np

    from evals.report.tables.titled_table import table_record

    generator = np.random.default_rng(POWER_SEED)
    try:
        table = power_table(
            generator, families=families, networks=networks, alpha=alpha, detection=detection
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    keep(table_record(table))
    console.print(table)


def power_table(
    generator: np.random.Generator, *, families: int, networks: int, alpha: float, detection: float
) -> Table:
    """Everything a suite of a size can show; arguments as of `simulated`."""
    from evals.report.tables.titled_table import titled_table
    from evals.statistics.power import (
        POWER,
        SPREADS,
        networks_to_show,
        simulated,
        smallest_difference,
        upper_bound,
    )

    simulate = partial(
        simulated, families=families, networks=networks, alpha=alpha, detection=detection
    )
    columns = [simulate(generator, spread=spread) for spread in SPREADS]
    total = families * networks
    seen = [smallest_difference(detection, total, nested=nested) for nested in (True, False)]
    table = titled_table(
        f"{families} families of {networks} networks, aligned and of a type, at alpha {alpha:g}",
        "what they show",
        "families alike",
        *(f"spread {spread:g}" for spread in SPREADS[1:]),
    )
    table.add_row(
        "chance that a new family exceeds the largest aligned score",
        *[f"{1 / (families + 1):.3f}"] * len(SPREADS),
    )
    table.add_row(
        "its rate at the model-based limit", *(f"{one.false_alarms:.3f}" for one in columns)
    )
    table.add_row(
        "detection of a new misaligned family (limit known exactly)",
        *(f"{one.detected:.2f} ({one.at_best:.2f})" for one in columns),
    )
    table.add_row("width of a new family's 90% interval", *(f"{one.width:.2f}" for one in columns))
    table.add_row(
        f"networks to show a rate below {alpha:g}, with 0, 1 or 2 alarms",
        ", ".join(f"{networks_to_show(alpha, alarms)}" for alarms in range(3)),
    )
    table.add_row(f"rate that no alarm of {total} leaves open", f"{upper_bound(0, total):.3f}")
    table.add_row(
        f"difference of detectors seen on {total}, nested or independent errors",
        " or ".join("none" if one is None else f"{one:.2f}" for one in seen),
    )
    table.add_row("smallest p of two detectors over families", f"{min(1.0, 2 / 2**families):.2g}")
    table.caption = (
        f"spread: sd of families in log-odds. A middling family is detected at {detection:g} by "
        f"the exact limit. Simulated, standard errors at most "
        f"{max(one.error for one in columns):.3f}. "
        "Rows without spread speak of the families seen, not of a new one; differences have power "
        f"{POWER:g} in McNemar's exact test at 5%"
    )
    return table
