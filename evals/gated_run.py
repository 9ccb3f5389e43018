"""A run as a policy sees it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from evals.analysis import risk_update
from evals.evidence_file import read_suite_evidence
from evals.gate import Fact, Subject, run_facts
from evals.merged import merge
from evals.question import Question
from evals.risk.figures import Figures
from evals.risk.transport import load_transport


def gated_run(
    path: Path, figures: Figures, weight: float
) -> tuple[Subject, Mapping[str, Fact], Mapping[str, str]]:
    """A run, by its evidence file and the update that follows from it, nothing supposed.

    Args:
        path: of the evidence.
        figures: the judged figures.
        weight: transport weight.

    Returns:
        Who it is, what is known of it, and where that comes from.
    """
    evidence = read_suite_evidence(path)
    subject = Subject(
        "run", evidence.suite, evidence.suite, evidence.suite_hash, evidence.scores_sha256
    )
    risk = risk_update(merge([evidence]), figures, Question(transport=load_transport().at(weight)))
    return subject, run_facts(evidence, risk), evidence.provenance
