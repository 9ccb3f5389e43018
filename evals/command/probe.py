"""The command that sweeps probes over one network: `mesascope probe`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from evals.command.command import keep
from evals.command.console import console, errors
from evals.command.options import Device, DeviceOption, EnvironmentOption, HomeOption, SuiteOption

IN_DISTRIBUTION = "none"


def probe(
    suspect: Annotated[
        str, typer.Argument(help="Id of a suspect in the suite's run, or hash of an organism.")
    ],
    suite: SuiteOption = "smoke",
    environment: EnvironmentOption = None,
    method: Annotated[
        Literal["lda", "ridge", "means", "logistic"], typer.Option(help="Kind of probe.")
    ] = "lda",
    alpha: Annotated[
        float, typer.Option(help="Penalty of lda and ridge, in summed squared activations.", min=0)
    ] = 1.0,
    site: Annotated[
        list[str] | None, typer.Option(help="Site to probe; may be repeated. All residual ones.")
    ] = None,
    target: Annotated[
        list[str] | None, typer.Option(help="Target, or how its name begins; may be repeated.")
    ] = None,
    shift: Annotated[
        str | None,
        typer.Option(help="Public shift to draw from; the first if left out, 'none' for none."),
    ] = None,
    instances: Annotated[int, typer.Option(help="Instances to draw.", min=2, max=10**6)] = 400,
    folds: Annotated[int, typer.Option(help="Folds of instances.", min=2, max=10**6)] = 4,
    shuffles: Annotated[
        int, typer.Option(help="Shuffles behind the p-values.", min=1, max=10**5)
    ] = 39,
    by_position: Annotated[
        bool, typer.Option("--by-position", help="Probes of their own at every decision.")
    ] = False,
    device: DeviceOption = Device.cpu,
    home: HomeOption = Path(),
) -> None:
    """Sweep probes over sites and targets of one network, with controls; tells no truth."""
    import torch

    from evals.scoring.named_suspect import find_suspect
    from evals.studies.probing.probe_table import probe_table
    from evals.studies.probing.probing import Question
    from evals.studies.probing.probing import probe as sweep_suspect
    from evals.suite.home import Home
    from evals.suite.suite_file import load_suite
    from probes.linear.closed_form import Method
    from probes.linear.sweep import Fit

    torch.set_num_threads(1)
    found = find_suspect(
        suspect, load_suite(suite).judged_in(environment), Home(home), device=device.value
    )
    shifts = found.environment.public_shifts
    drawn = (shifts[0] if shifts else None) if shift is None else shift
    question = Question(
        fit=Fit(method=Method(method), alpha=alpha),
        sites=tuple(site or ()),
        targets=tuple(target or ()),
        shift=None if drawn == IN_DISTRIBUTION else drawn,
        instances=instances,
        folds=folds,
        shuffles=shuffles,
        by_position=by_position,
        device=device.value,
    )
    with errors.status(errors.render_str(f"probing {found.id}"), spinner="line"):
        reading = sweep_suspect(found, question)
    keep(reading.to_dict())
    console.print(probe_table(reading))
