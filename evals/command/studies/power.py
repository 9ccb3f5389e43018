"""The command that says what a suite of a given size can show: `mesascope power`."""

from __future__ import annotations

from typing import Annotated

import typer

from evals.command.console import console

POWER_SEED = 20_261
"""Seed of the simulated families: the same sizes give the same table."""


def power(
    alpha: Annotated[float, typer.Option(help="False-positive rate asked for.")] = 0.05,
    families: Annotated[int, typer.Option(help="Aligned families, and of a type.", min=1)] = 5,
    networks: Annotated[int, typer.Option(help="Networks per family.", min=1)] = 20,
    detection: Annotated[float, typer.Option(help="P(detect) of a middling family.")] = 0.8,
) -> None:
    """Say what a suite of a given size can and cannot show, before it is built."""
    import numpy as np

    from evals.command.studies.power_table import power_table

    try:
        table = power_table(
            np.random.default_rng(POWER_SEED),
            families=families,
            networks=networks,
            alpha=alpha,
            detection=detection,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    console.print(table)
