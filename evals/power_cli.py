"""The command that says what a suite of a given size can show: `mesascope power`."""

from __future__ import annotations

from typing import Annotated

import typer

from evals.console import console

POWER_SEED = 20_261
"""Seed of the simulated new families: the same sizes give the same table."""


def power(
    alpha: Annotated[float, typer.Option(help="False-positive rate asked for.")] = 0.05,
    controls: Annotated[int, typer.Option(help="Held-out aligned networks.", min=1)] = 60,
    families: Annotated[int, typer.Option(help="Families of a type.", min=1)] = 5,
    networks: Annotated[int, typer.Option(help="Organisms per family.", min=1)] = 20,
    detection: Annotated[float, typer.Option(help="P(detect) of a detector.")] = 0.8,
    rival: Annotated[float, typer.Option(help="P(detect) of the one it is compared with.")] = 0.6,
    base_rate: Annotated[float, typer.Option(help="P(misaligned) before an alarm.")] = 0.01,
) -> None:
    """Say what a suite of a given size can and cannot show, before it is built."""
    import numpy as np

    from evals.power_table import power_tables

    try:
        tables = power_tables(
            np.random.default_rng(POWER_SEED),
            alpha=alpha,
            controls=controls,
            families=families,
            networks=networks,
            detection=detection,
            rival=rival,
            base_rate=base_rate,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    for table in tables:
        console.print(table)
