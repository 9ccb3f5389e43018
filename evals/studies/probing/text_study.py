"""Read texts with a model, or take activations from elsewhere, and scan them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evals.studies.probing.text_job import (
    Job,
    ProbeRefused,
    Reading,
    chosen_positions,
    require_groups,
)
from probes.texts.dataset import TextSet, read_text_set
from probes.texts.plain import read_plain_texts

if TYPE_CHECKING:
    from evals.studies.probing.scan import Scan
    from evals.studies.probing.text_probe import Material
    from evals.studies.probing.text_reading import TextReading
    from probes.language_model import LoadedModel
    from probes.linear.saved_probe import SavedProbe


@dataclass(frozen=True)
class Scanned:
    """A finished scan, and what its probe can be fitted on once more.

    Attributes:
        model: None where activations came from elsewhere.
    """

    reading: TextReading
    scan: Scan
    material: Material
    model: LoadedModel | None

    def final_probe(self) -> SavedProbe:
        """The best cell's probe, fitted on all texts; it knows which model it belongs to."""
        from evals.studies.probing.text_probe import final_probe
        from probes.texts.store import model_digest

        reading = self.reading
        digest = "" if self.model is None else model_digest(self.model)
        return final_probe(
            self.material, self.scan, reading.question, classes=reading.classes, model=digest
        )


def scan_model(how: Reading, job: Job) -> Scanned:
    """Read labelled texts with a model and its untrained twin, and scan both.

    Raises:
        MesascopeError: texts, model or options cannot be used; the message says which.
    """
    if job.data is None:
        raise ProbeRefused("a model is probed with a file of labelled texts; give --data")
    data = read_text_set(job.data, positive=job.positive)
    require_groups(data, job.folds)
    ordinary = None if job.ordinary is None else read_plain_texts(job.ordinary)
    positions = chosen_positions(how.positions, data, ordinary)
    from evals.studies.probing.text_material import read_material

    model = how.load()
    read = read_material(
        model, data, ordinary, positions=positions, sites=how.sites or None, longest=how.longest,
        budget=how.budget, cache=how.cache, seed=job.seed,
        ordinary_name="" if job.ordinary is None else job.ordinary.name,
    )  # fmt: skip
    return _scanned(read.material, job, data, str(how.folder), read.cut, model)


def scan_activations(folder: Path, job: Job, *, budget: int) -> Scanned:
    """Scan activations that another program wrote.

    Raises:
        MesascopeError: the folder, labels or options cannot be used; the message says which.
    """
    data = None if job.data is None else read_text_set(job.data, positive=job.positive)
    if data is not None:
        require_groups(data, job.folds)
    if not folder.is_dir():
        raise ProbeRefused(f"no folder {folder}; --activations takes one with a manifest.json")
    from evals.studies.probing.text_material import foreign_material

    material, data = foreign_material(folder, data, budget=budget)
    return _scanned(material, job, data, str(folder), 0, None)


def _scanned(
    material: Material, job: Job, data: TextSet, name: str, cut: int, model: LoadedModel | None
) -> Scanned:
    import numpy as np

    from detect.contract.elsewhere import load_class
    from evals.studies.probing.labelled import Labelled
    from evals.studies.probing.text_probe import probe_material

    labelled = Labelled.draw(
        np.array(data.labels, dtype=bool), np.array(data.groups), folds=job.folds, seed=job.seed
    )
    custom = None if job.probe is None else load_class(job.probe)
    found = probe_material(
        material, labelled, job.question(), custom=custom, model=name,
        data=str(job.data or name), classes=data.names, cut=cut,
    )  # fmt: skip
    return Scanned(found.reading, found.scan, material, model)
