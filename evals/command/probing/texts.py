"""Probe a language model, or activations from elsewhere, for two classes of texts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evals.command.command import keep
from evals.command.console import console, errors
from evals.command.probing.asked import (
    ProbeRefused,
    Reading,
    chosen_positions,
    require_figure,
    require_groups,
)
from probes.texts.dataset import TextSet, read_text_set
from probes.texts.plain import read_plain_texts
from probes.writing import write_whole

if TYPE_CHECKING:
    from evals.studies.probing.text_probe import Material, Probed
    from evals.studies.probing.text_reading import TextQuestion


@dataclass(frozen=True)
class Outputs:
    """Where a finished scan goes beside the screen."""

    figure: Path | None
    save: Path | None

    def __post_init__(self) -> None:
        require_figure(self.figure)


@dataclass(frozen=True)
class Job:
    """What is fitted, and on which texts.

    Attributes:
        data: file of labelled texts; None where activations bring their labels.
        positive: which of two words is the class that scores high.
        ordinary: file of texts of no class.
        probe: `FILE.py:CLASS` of scikit-learn's kind; `method` is then that of the controls.
    """

    data: Path | None
    positive: str | None
    ordinary: Path | None
    probe: str | None
    method: str
    alpha: float
    folds: int
    shuffles: int
    seed: int

    def __post_init__(self) -> None:
        if self.folds < 3:
            raise ProbeRefused(
                "--folds must be 3 at least for texts: one is tested while the others choose where"
            )

    def question(self) -> TextQuestion:
        """The same for the scan."""
        from evals.studies.probing.text_reading import TextQuestion
        from probes.linear.closed_form import Method

        return TextQuestion(
            method=Method(self.method), alpha=self.alpha, folds=self.folds,
            shuffles=self.shuffles, seed=self.seed,
        )  # fmt: skip


def probe_model(reading: Reading, job: Job, outputs: Outputs) -> None:
    """Read texts with a model and say what tells their classes apart."""
    assert job.data is not None
    data = read_text_set(job.data, positive=job.positive)
    require_groups(data, job.folds)
    ordinary = None if job.ordinary is None else read_plain_texts(job.ordinary)
    positions = chosen_positions(reading.positions, data, ordinary)
    _require_probe(job, outputs)
    from evals.studies.probing.text_material import read_material
    from probes.texts.store import model_digest

    model = reading.load()
    with errors.status("reading texts, then fitting probes", spinner="line"):
        read = read_material(
            model, data, ordinary, positions=positions, sites=reading.sites or None,
            longest=reading.longest, budget=reading.budget, cache=reading.cache, seed=job.seed,
            ordinary_name=str(job.ordinary and job.ordinary.name),
        )  # fmt: skip
        probed = _probed(read.material, job, data, model=str(reading.folder), cut=read.cut)
    digest = model_digest(model) if outputs.save is not None else ""
    _finish(probed, read.material, job, outputs, digest)


def probe_activations(folder: Path, job: Job, outputs: Outputs, budget: int) -> None:
    """The same for activations that another program wrote."""
    data = None if job.data is None else read_text_set(job.data, positive=job.positive)
    if data is not None:
        require_groups(data, job.folds)
    if not folder.is_dir():
        raise ProbeRefused(f"no folder {folder}; --activations takes one with a manifest.json")
    _require_probe(job, outputs)
    from evals.studies.probing.text_material import foreign_material

    with errors.status("fitting probes", spinner="line"):
        material, data = foreign_material(folder, data, budget=budget)
        probed = _probed(material, job, data, model=str(folder), cut=0)
    _finish(probed, material, job, outputs, "")


def _require_probe(job: Job, outputs: Outputs) -> None:
    if job.probe is None:
        return
    place, colon, name = job.probe.rpartition(":")
    if not (colon and name and place.endswith(".py") and Path(place).is_file()):
        raise ProbeRefused(f"--probe {job.probe}: no such file; write file.py:CLASS")
    if outputs.save is not None:
        raise ProbeRefused("--save keeps linear probes, and --probe is code; leave one of them out")


def _probed(material: Material, job: Job, data: TextSet, *, model: str, cut: int) -> Probed:
    import numpy as np

    from detect.contract.elsewhere import load_class
    from evals.studies.probing.labelled import Labelled
    from evals.studies.probing.text_probe import probe_material

    labelled = Labelled.draw(
        np.array(data.labels, dtype=bool), np.array(data.groups), folds=job.folds, seed=job.seed
    )
    custom = None if job.probe is None else load_class(job.probe)
    return probe_material(
        material, labelled, job.question(), custom=custom, model=model,
        data=str(job.data or model), classes=data.names, cut=cut,
    )  # fmt: skip


def _finish(probed: Probed, material: Material, job: Job, outputs: Outputs, digest: str) -> None:
    """Write what was asked for, then print."""
    from evals.studies.probing.text_probe import final_probe
    from evals.studies.probing.text_screen import layer_table, sentences

    reading = probed.reading
    keep(reading.to_dict())
    if outputs.save is not None:
        saved = final_probe(
            material, probed.scan, job.question(), classes=reading.classes, model=digest
        )
        saved.save(outputs.save)
    if outputs.figure is not None:
        from evals.studies.probing.text_figure import figure_text

        outputs.figure.parent.mkdir(parents=True, exist_ok=True)
        write_whole(outputs.figure, figure_text(reading, outputs.figure.suffix))
    for sentence in sentences(reading):
        console.print(sentence, highlight=False)
    console.print()
    console.print(layer_table(reading))
    for kind, path in (("probe", outputs.save), ("figure", outputs.figure)):
        if path is not None:
            console.print(f"{kind}: {path}", highlight=False, soft_wrap=True)
