"""The command that judges detectors of search: `mesascope study mechanism`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evals.command.command import keep
from evals.command.console import console, write_record
from evals.command.options import (
    Device,
    DeviceOption,
    DryRunOption,
    HomeOption,
    SuiteOption,
    WorkersOption,
    prepared,
    told_estimate,
)


def mechanism(
    suite: SuiteOption = "cpu",
    environment: Annotated[str, typer.Option(help="World whose networks are judged.")] = "tree",
    home: HomeOption = Path(),
    workers: WorkersOption = 0,
    device: DeviceOption = Device.cpu,
    variants_limit: Annotated[
        float, typer.Option(help="CPU-seconds a suspect up to which disguises are scored.")
    ] = 1.0,
    dry_run: DryRunOption = False,
) -> None:
    """Score detectors of search on networks of known mechanism: who searches, and who does not."""
    whole, place, count = prepared(suite, home, workers)
    import numpy as np

    from evals.command.progress import shown
    from evals.running.engines import LOCAL
    from evals.running.grow import grow_suite
    from evals.running.score import blinded, score_sealed
    from evals.scoring.blind import read_vault
    from evals.studies.mechanism.mechanism import Suspects, mechanism_suite, search_columns
    from evals.studies.mechanism.mechanism_rivals import search_rivals, with_rivals
    from evals.studies.mechanism.mechanism_table import mechanism_record, mechanism_tables

    spec = mechanism_suite(whole, environment)
    if told_estimate(spec, place, count, dry_run):
        return
    folder = place.run(spec)
    with shown(spec) as progress, place.locked():
        grown = grow_suite(spec, place.zoo, count, device.value, progress.on_attempt, LOCAL)
        sealed = score_sealed(
            spec,
            blinded(spec, grown, place.zoo, folder),
            folder,
            workers=count,
            device=device.value,
            on_row=progress.on_row,
            variants_limit=variants_limit,
        )
    frozen, variants = sealed.frozen, sealed.variants
    suspects = Suspects.of(frozen, read_vault(folder))
    columns = search_columns(suspects, frozen.rows, spec.alpha)
    rivals = search_rivals(
        suspects,
        columns,
        frozen.rows,
        spec.alpha,
        variants=variants,
        generator=np.random.default_rng(spec.battery_seed),
    )
    columns = with_rivals(columns, rivals)
    record = mechanism_record(
        columns, rivals, suite=spec.name, suite_hash=spec.content_hash, scores_sha256=frozen.digest
    )
    written = write_record(record, folder / "mechanism.json")
    keep(record)
    for table in mechanism_tables(columns, rivals, f"suite {suite}, {environment}"):
        console.print(table)
    console.print(f"rates: {written}", soft_wrap=True)
