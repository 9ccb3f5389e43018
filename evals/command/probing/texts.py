"""Print, draw and keep what a scan of texts found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evals.command.command import keep
from evals.command.console import console, errors
from evals.studies.probing.text_job import Job, ProbeRefused, Reading
from evals.studies.probing.text_study import scan_activations, scan_model
from probes.writing import write_whole

if TYPE_CHECKING:
    from evals.studies.probing.text_study import Scanned

FIGURES = (".svg", ".html")


@dataclass(frozen=True)
class Outputs:
    """Where a finished scan goes beside the screen."""

    figure: Path | None
    save: Path | None
    inspect: Path | None = None

    def __post_init__(self) -> None:
        if self.figure is not None and self.figure.suffix not in FIGURES:
            raise ProbeRefused(f"--figure {self.figure} must end in {' or '.join(FIGURES)}")


def probe_texts(source: Reading | Path, job: Job, outputs: Outputs, budget: int) -> None:
    """Scan a model or a folder of activations, and show what was found."""
    if job.probe is not None and outputs.save is not None:
        raise ProbeRefused("--save keeps linear probes, and --probe is code; leave one of them out")
    with errors.status("reading texts, then fitting probes", spinner="line"):
        if isinstance(source, Path):
            found = scan_activations(source, job, budget=budget)
        else:
            found = scan_model(source, job)
    show(found, outputs)


def show(found: Scanned, outputs: Outputs) -> None:
    """Write what was asked for, then print one screen."""
    from evals.studies.probing.text_screen import print_reading

    keep(found.reading.to_dict())
    if outputs.save is not None:
        found.final_probe().save(outputs.save)
    if outputs.figure is not None:
        from evals.studies.probing.text_figure import figure_text

        outputs.figure.parent.mkdir(parents=True, exist_ok=True)
        write_whole(outputs.figure, figure_text(found.reading, outputs.figure.suffix))
    log = None
    if outputs.inspect is not None:
        from evals.guests.probe_log import write_probe_log

        log = write_probe_log(found.reading, outputs.inspect)
    print_reading(console, found.reading)
    for kind, path in (("probe", outputs.save), ("figure", outputs.figure), ("log", log)):
        if path is not None:
            console.print(f"{kind}: {path}", highlight=False, soft_wrap=True)
