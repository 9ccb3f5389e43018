"""A scan of texts as a log of Inspect: a sample per layer and position; the whole as metrics."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evals.guests.inspect_log import inspect_module, write_log
from evals.statistics.grouped import Grouped
from evals.studies.probing.text_reading import CellReading, TextReading
from organisms.records.provenance import package_version

PROBE = "probe"
"""The scorer whose score is the AUROC of a cell."""


def write_probe_log(reading: TextReading, folder: Path) -> Path:
    """Write a log that `inspect view` and `inspect list logs` open.

    A sample is a cell of the scan, with the AUROC of its probe and of its controls as scores. The
    metrics are the AUROC of texts never seen, in the cell chosen without them, and what the
    controls reach, each with its interval and numbers of texts and groups as metadata.

    Raises:
        InspectMissing: inspect_ai is not installed.
        UnwritableFile: the folder is read-only, or the disk is full.
    """
    log = inspect_module()
    record = json.dumps(reading.to_dict(), sort_keys=True)
    digest = hashlib.sha256(record.encode()).hexdigest()
    created = datetime.now(UTC).isoformat(timespec="seconds")
    negative, positive = reading.classes
    samples = [
        log.EvalSample(
            id=f"{one.cell.site} at {one.cell.position}",
            epoch=1,
            input=f"Does {one.cell.site} at {one.cell.position} of {reading.model} tell {positive} "
            f"from {negative} in {reading.data}?",
            target="",
            scores=_scores(one, reading.probe),
        )
        for one in reading.cells
    ]
    metrics = {"auroc": reading.auroc, "bag_of_tokens": reading.bag, "untrained": reading.untrained}
    whole = log.EvalLog(
        status="success",
        eval=log.EvalSpec(
            created=created,
            task="mesascope_probe",
            task_id=digest,
            dataset=log.EvalDataset(
                name=reading.data, samples=len(samples), sample_ids=[s.id for s in samples]
            ),
            model=f"mesascope/{Path(reading.model).name or 'model'}",
            config=log.EvalConfig(),
            packages={"mesascope": package_version("mesascope")},
            metadata={
                "told": reading.told,
                "beyond_controls": reading.beyond,
                "p_value": reading.p_value,
                "cut_texts": reading.cut,
                "missing": reading.missing,
            },
        ),
        results=log.EvalResults(
            total_samples=len(samples),
            completed_samples=len(samples),
            scores=[
                {
                    "name": PROBE,
                    "scorer": PROBE,
                    "scored_samples": len(samples),
                    "metrics": {
                        name: {"name": name, "value": one.value, "metadata": _interval(one)}
                        for name, one in metrics.items()
                        if one is not None
                    },
                }
            ],
        ),
        stats=log.EvalStats(started_at=created, completed_at=created),
        samples=samples,
    )
    return write_log(whole, folder, f"probe_{digest[:8]}")


def _scores(one: CellReading, probe: str) -> dict[str, Any]:
    """The probe of a cell, and its controls."""
    controls = {
        "untrained": one.untrained,
        "control_task": one.control_task,
        "random_direction": one.random_direction,
        "shuffled": one.shuffled,
    }
    own = {
        "value": one.auroc.value,
        "explanation": f"AUROC of a {probe} probe; corrected p = {one.p_value:.3g}",
        "metadata": {**_interval(one.auroc), "p_value": one.p_value},
    }
    return {PROBE: own} | {
        name: {"value": value} for name, value in controls.items() if value is not None
    }


def _interval(one: Grouped) -> dict[str, Any]:
    return {"low": one.low, "high": one.high, "texts": one.n, "groups": one.groups}
