"""The command that lists the zoo: `mesascope organisms`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evals.command.console import console
from evals.command.options import HomeOption


def organisms(
    suite: Annotated[
        str | None,
        typer.Option(help="Only the organisms of this suite; all of the zoo if not given."),
    ] = None,
    every: Annotated[
        bool, typer.Option("--every", help="One line per network, duds with the failed check.")
    ] = False,
    page: Annotated[
        Path | None, typer.Option(help="Write a page with pictures and dose curves there too.")
    ] = None,
    home: HomeOption = Path(),
) -> None:
    """List the families of the zoo: admission, competence, expression and cost."""
    from evals.report.zoo.families import families
    from evals.report.zoo.zoo_tables import families_table, zoo_table
    from evals.running.grow import found_organisms
    from evals.suite.home import Home
    from evals.suite.suite_file import load_suite

    zoo = Home(home).zoo
    if suite is None:
        records = zoo.records()
    else:
        grown = found_organisms(load_suite(suite), zoo)
        records = [record for group in grown for record in group.attempts]
    if page is not None:
        from evals.report.zoo.organisms_page import render_organisms, zoo_page

        text = render_organisms(zoo_page(zoo, records, title=suite or "the whole zoo"))
        page.write_text(text, encoding="utf-8")
    if not records:
        console.print("the zoo is empty; `mesascope build --suite smoke` fills it")
        return
    console.print(zoo_table(records) if every else families_table(families(records)))
    if page is not None:
        console.print(f"page: {page}", soft_wrap=True)
