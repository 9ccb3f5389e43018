"""What a policy is applied to: a run, or one suspect of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from evals.column import EvidenceError
from evals.evidence_file import read_suite_evidence
from evals.gate import Fact, Subject, run_facts, suspect_facts
from evals.home import Home
from evals.risk_report import RiskReport
from evals.run import reopen
from evals.suite import Suite
from evals.threshold import p_values

Gated = tuple[Subject, Mapping[str, Fact], Mapping[str, str]]
"""Who it is, what is known of it, and where that comes from."""


def gated_run(path: Path, report: RiskReport) -> Gated:
    """A run, by its evidence file and the report that follows from it, nothing supposed."""
    evidence = read_suite_evidence(path)
    subject = Subject(
        "run", evidence.suite, evidence.suite, evidence.suite_hash, evidence.scores_sha256
    )
    return subject, run_facts(evidence, report.update), evidence.provenance


def gated_suspect(suite: Suite, home: Home, id: str) -> Gated:
    """One suspect of a finished run: the rule's conformal p-value, and who flags it.

    Raises:
        EvidenceError: no suspect has that id, or it set the threshold itself.
    """
    finished = reopen(suite, home)
    judged, evidence = finished.judged, finished.evidence
    members = {member.id: place for place, member in enumerate(judged.members)}
    if id not in members:
        raise EvidenceError(
            f"no suspect {id!r} in this run; ids look like {', '.join(list(members)[:3])}"
        )
    place = members[id]
    if judged.members[place].role == "calibration":
        raise EvidenceError(
            f"suspect {id} set the threshold; it has no p-value of its own, ask about a test one"
        )
    scores = judged.largest_scores(suite.rule.detectors)
    calibrating = np.array([member.role == "calibration" for member in judged.members])
    value = float(scores[place])
    facts = suspect_facts(
        suspect=id,
        p_value=float(p_values(scores[calibrating], scores[[place]])[0]),
        alpha=evidence.alpha,
        score=None if np.isnan(value) else value,
        calibration_size=int(calibrating.sum()),
        detectors_flagging=[
            name for name, rows in judged.rows.items()
            if evidence.column(name).flags(rows[place].value)
        ],
    )  # fmt: skip
    subject = Subject("suspect", id, evidence.suite, evidence.suite_hash, evidence.scores_sha256)
    return subject, facts, evidence.provenance
