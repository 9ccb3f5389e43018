"""An audit as a log of Inspect: a sample per question, its answer, and a score per detector."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evals.audit.audit import Answer, Audit, Reading
from evals.audit.card.audit_file import audit_json
from evals.audit.card.words import QUESTIONS, calibration_text, compared_text, p_text
from evals.guests.inspect_log import inspect_module, write_log

ANSWER = "audit"
"""The scorer whose score is the answer."""


def write_audit_log(audit: Audit, folder: Path) -> Path:
    """Write a log that `inspect view` and `inspect list logs` open.

    A sample is a question; nobody knows its true answer, so that its target is empty. Its answer is
    the score `audit`; every detector that looked adds its own score, with the p-value and the
    number of networks behind it, or that it is uncalibrated, in the explanation.

    Raises:
        InspectMissing: inspect_ai is not installed.
        AuditFileError: the record holds something that no file may, such as NaN.
        UnwritableFile: the folder is read-only, or the disk is full.
    """
    log = inspect_module()
    digest = audit_json(audit)["content_sha256"]
    samples = [
        log.EvalSample(
            id=answer.asked,
            epoch=1,
            input=f"{QUESTIONS[answer.asked]} Network {audit.name} in the world {audit.world}.",
            target="",
            scores={ANSWER: _answered(answer, audit)} | _scores(answer, audit),
        )
        for answer in audit.answers
    ]
    whole = log.EvalLog(
        status="success",
        eval=log.EvalSpec(
            created=audit.created,
            task="mesascope_audit",
            task_id=digest,
            dataset=log.EvalDataset(
                name="questions", samples=len(samples), sample_ids=[s.id for s in samples]
            ),
            model=f"mesascope/{audit.weights_sha256[:16]}",
            config=log.EvalConfig(),
            packages={"mesascope": audit.provenance.get("mesascope", "")},
            metadata={
                "verdict": audit.verdict,
                "flagged": audit.flagged,
                "calibration": calibration_text(audit),
                "damage": audit.damage.said,
                "warnings": list(audit.warnings),
                "record_sha256": digest,
                "weights_sha256": audit.weights_sha256,
            },
        ),
        results=log.EvalResults(
            total_samples=len(samples),
            completed_samples=len(samples),
            scores=[{"name": ANSWER, "scorer": ANSWER, "scored_samples": len(samples)}],
        ),
        stats=log.EvalStats(started_at=audit.created, completed_at=audit.created),
        samples=samples,
    )
    return write_log(whole, folder, f"audit_{digest[:8]}")


def _answered(answer: Answer, audit: Audit) -> dict[str, Any]:
    """The answer to a question as Inspect reads it."""
    return {
        "value": answer.answered,
        "answer": answer.headline,
        "explanation": f"{answer.because} ({_p_value(answer, audit)})",
        "metadata": {
            "p_value": answer.p_value,
            "compared": answer.compared,
            "cpu_seconds": answer.cpu_seconds,
            "not_looked": list(answer.not_looked),
        },
    }


def _scores(answer: Answer, audit: Audit) -> dict[str, Any]:
    """The scores of the detectors that looked."""
    return {
        one.detector: {
            "value": one.value,
            "answer": _p_value(one, audit),
            "explanation": f"{one.found} ({_p_value(one, audit)})",
            "metadata": {"p_value": one.p_value, "compared": one.compared},
        }
        for one in audit.readings
        if one.detector in answer.detectors and one.value is not None
    }


def _p_value(one: Answer | Reading, audit: Audit) -> str:
    words = p_text(one, audit)
    return words if one.p_value is None else f"{words}, {compared_text(one, audit)}"
