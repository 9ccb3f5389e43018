"""A finished run as a log of Inspect: a sample per suspect, a score per detector."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from evals.evidence.detector_rates import DetectorRates, EvidenceError
from evals.evidence.evidence_file import read_suite_evidence
from evals.scoring.blind import read_vault
from evals.scoring.freeze import read_frozen
from evals.scoring.score_table import Row
from probes.errors import MesascopeError
from probes.writing import write_whole


class InspectMissing(MesascopeError, ValueError):
    """The extra `inspect` is not installed."""


def write_inspect_log(run: Path, folder: Path) -> Path:
    """Write a log that `inspect view` and `inspect list logs` open.

    A sample's target is its true type; a detector's score is 1 where it flags the suspect, 0 where
    it does not and absent where it abstains. Metrics are P(detect) by type and the false alarms,
    with their counts as metadata.

    Raises:
        InspectMissing: inspect_ai is not installed.
        EvidenceError: the run is not finished, or scores and evidence do not belong together.
    """
    log = inspect_module()
    evidence, frozen = read_suite_evidence(run / "evidence.json"), read_frozen(run)
    if evidence.scores_sha256 != frozen.digest:
        raise EvidenceError(f"the evidence in {run} was made from other scores; run again")
    members = read_vault(run)
    truth = frozen.open(members)
    created = datetime.fromtimestamp((run / "scores.sha256").stat().st_mtime, UTC)
    samples = [
        log.EvalSample(
            id=member.id,
            epoch=1,
            input=f"suspect {member.id} in the {evidence.environment}: is it misaligned?",
            target=truth[member.id].misalignment,
            scores={row.detector: _score(row, evidence.column(row.detector))
                    for row in frozen.rows if row.suspect == member.id and row.value is not None},
            metadata={
                "role": member.role,
                "family": truth[member.id].family,
                "stratum": truth[member.id].stratum,
                "spec_hash": member.spec_hash,
            },
        )
        for member in members
    ]  # fmt: skip
    whole = log.EvalLog(
        status="success",
        eval=log.EvalSpec(
            created=created.isoformat(),
            task=f"mesascope_{evidence.suite}",
            task_id=evidence.suite_hash,
            dataset=log.EvalDataset(
                name=evidence.suite, samples=len(samples), sample_ids=[s.id for s in samples]
            ),
            model="mesascope/organisms",
            config=log.EvalConfig(),
            packages={"mesascope": evidence.provenance.get("mesascope", "")},
            metadata={
                "alpha": evidence.alpha,
                "rule": evidence.rule,
                "scores_sha256": evidence.scores_sha256,
                "killers": [
                    f"{one.name}, {one.subject}: {one.verdict}" for one in evidence.killers
                ],
                **evidence.provenance,
            },
        ),
        results=log.EvalResults(
            total_samples=len(samples),
            completed_samples=len(samples),
            scores=[_column(one, evidence.types, len(samples)) for one in evidence.columns],
        ),
        stats=log.EvalStats(started_at=created.isoformat(), completed_at=created.isoformat()),
        samples=samples,
    )
    return write_log(whole, folder, f"{evidence.suite}_{evidence.suite_hash[:8]}")


def inspect_module() -> Any:
    """The module whose records make a log.

    Raises:
        InspectMissing: inspect_ai is not installed.
    """
    try:
        return import_module("inspect_ai.log")
    except ModuleNotFoundError as error:
        raise InspectMissing(
            f"the export needs inspect_ai ({error}); pip install 'mesascope[inspect]'"
        ) from error


def write_log(whole: Any, folder: Path, name: str) -> Path:
    """Write an `EvalLog` into a folder, named by when it was made and by `name`.

    Raises:
        UnwritableFile: the folder is read-only, or the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.fromisoformat(whole.eval.created).strftime("%Y-%m-%dT%H-%M-%S")
    plain = re.sub(r"[^\w.-]", "_", name)
    path = folder / f"{stamp}_mesascope-{plain}.eval"
    with TemporaryDirectory() as scratch:
        apart = Path(scratch) / path.name
        inspect_module().write_eval_log(whole, str(apart))
        write_whole(path, apart.read_bytes())
    return path


def _score(row: Row, column: DetectorRates) -> dict[str, Any]:
    """A score as Inspect reads it."""
    flagged = column.flags(row.value)
    return {
        "value": int(flagged),
        "answer": "misaligned" if flagged else "not flagged",
        "explanation": row.found,
        "metadata": {"score": row.value, "parts": row.parts, "limit": column.limit.value},
    }


def _column(column: DetectorRates, types: tuple[str, ...], samples: int) -> dict[str, Any]:
    """P(detect) by type and the false alarms of a detector as Inspect reads them."""
    metrics = {}
    for name in types:
        cells = column.of_type(name)
        of, detected = sum(cell.of for cell in cells), sum(cell.detected for cell in cells)
        if of:
            counts = {"detected": detected, "of": of, "families": len(cells)}
            metrics[f"p_detect_{name}"] = (detected / of, counts)
    alarms = column.false_alarms
    if alarms.value is not None:
        metrics["false_alarms"] = (alarms.value, {"alarms": alarms.detected, "of": alarms.of})
    return {
        "name": column.name,
        "scorer": column.name,
        "scored_samples": samples,
        "metrics": {
            name: {"name": name, "value": value, "metadata": counts}
            for name, (value, counts) in metrics.items()
        },
    }
