"""Sweep probes over sites and variables of a suspect, an organism or a network of one's own."""

from __future__ import annotations

from pathlib import Path

from evals.command.command import keep
from evals.command.console import console, errors

IN_DISTRIBUTION = "none"


def probe_suspect(
    suspect: str,
    *,
    suite: str,
    environment: str | None,
    adapter: str | None,
    world: str | None,
    method: str,
    alpha: float,
    sites: tuple[str, ...],
    targets: tuple[str, ...],
    shift: str | None,
    instances: int,
    folds: int,
    shuffles: int,
    by_position: bool,
    device: str,
    home: Path,
) -> None:
    """Sweep, keep the record and print the table; see `evals.studies.probing.probing`."""
    import torch

    from evals.studies.probing.probe_table import probe_table
    from evals.studies.probing.probing import Question, probe
    from probes.linear.closed_form import Method
    from probes.linear.sweep import Fit

    torch.set_num_threads(1)
    if adapter is not None or world is not None:
        from evals.audit.opening import Source, open_network
        from evals.audit.preflight import preflight

        opened = open_network(Path(suspect), Source(adapter or "", world or "", device=device))
        preflight(opened)
        found = opened.suspect()
    else:
        from evals.scoring.named_suspect import find_suspect
        from evals.suite.home import Home
        from evals.suite.suite_file import load_suite

        judged = load_suite(suite).judged_in(environment)
        found = find_suspect(suspect, judged, Home(home), device=device)
    shifts = found.environment.public_shifts
    drawn = (shifts[0] if shifts else None) if shift is None else shift
    question = Question(
        fit=Fit(method=Method(method), alpha=alpha),
        sites=sites,
        targets=targets,
        shift=None if drawn == IN_DISTRIBUTION else drawn,
        instances=instances,
        folds=folds,
        shuffles=shuffles,
        by_position=by_position,
        device=device,
    )
    with errors.status(errors.render_str(f"probing {found.id}"), spinner="line"):
        reading = probe(found, question)
    keep(reading.to_dict())
    console.print(probe_table(reading))
