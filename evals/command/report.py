"""What a finished run found, shown again: `mesascope report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evals.command.command import keep
from evals.command.console import console
from evals.command.options import EnvironmentOption, FinishedSuiteOption, HomeOption, finished_run


def report(
    suite: FinishedSuiteOption = "smoke",
    environment: EnvironmentOption = None,
    home: HomeOption = Path(),
    table: Annotated[
        str | None,
        typer.Option(help="Print this table instead; an unknown name lists those there are."),
    ] = None,
    inspect: Annotated[
        bool, typer.Option("--inspect", help="Write a log that `inspect view` opens instead.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Folder that --inspect writes into.")] = Path("logs"),
) -> None:
    """Write the page of a finished run again, print one of its tables, or write it for Inspect."""
    if table is not None and inspect:
        raise typer.BadParameter("give one of --table and --inspect")
    if table is not None:
        _print_table(table, suite, environment, home)
        return
    if inspect:
        what, written = "log", _write_log(suite, environment, home, out)
    else:
        what, written = "page", _write_page(suite, environment, home)
    keep({what: str(written)})
    console.print(f"{what}: {written}", soft_wrap=True)


def _print_table(name: str, suite: str, environment: str | None, home: Path) -> None:
    from evals.report.tables.named_tables import OF_EVIDENCE, OF_RISK, require_name
    from evals.report.tables.run_caveats import caveats_table
    from evals.report.tables.titled_table import table_record

    require_name(name)
    done = finished_run(suite, environment, home)
    if name in OF_EVIDENCE:
        table = OF_EVIDENCE[name](done.evidence)
    else:
        from evals.running.update import updated_risk

        risk = updated_risk(done.evidence, done.suite.transport_weight)
        table = OF_RISK[name](risk) if name in OF_RISK else caveats_table(done.evidence, risk)
    keep({"table": name, **table_record(table)})
    console.print(table)
    if not table.rows:
        console.print("This run has nothing of the kind.")


def _write_log(suite: str, environment: str | None, home: Path, out: Path) -> Path:
    from evals.guests.inspect_log import write_inspect_log
    from evals.suite.home import Home
    from evals.suite.suite_file import load_suite

    return write_inspect_log(Home(home).run(load_suite(suite).judged_in(environment)), out)


def _write_page(suite: str, environment: str | None, home: Path) -> Path:
    done = finished_run(suite, environment, home)
    from evals.running.update import updated_risk, write_page
    from evals.suite.home import Home

    risk = updated_risk(done.evidence, done.suite.transport_weight)
    return write_page(done.folder, done.evidence, risk, done.judged, done.grown, Home(home).zoo)
