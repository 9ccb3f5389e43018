"""A run as a policy sees it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from evals.evidence.evidence_file import read_suite_evidence
from evals.gate import Fact, Subject, run_facts
from evals.risk.analysis import analyse
from evals.risk.figures import Figures
from evals.risk.merged import merge
from evals.risk.transport import Transport


def gated_run(
    path: Path, figures: Figures, transport: Transport
) -> tuple[Subject, Mapping[str, Fact], Mapping[str, str]]:
    """A run, by its evidence file and the update that follows from it, nothing supposed.

    Args:
        path: of the evidence.
        figures: the judged figures.
        transport: its weight is that of the pooled risk.

    Returns:
        Who it is, what is known of it, and where that comes from.
    """
    evidence = read_suite_evidence(path)
    subject = Subject(
        "run", evidence.suite, evidence.suite, evidence.suite_hash, evidence.scores_sha256
    )
    risk = analyse(merge([evidence]), figures, transport)
    return subject, run_facts(evidence, risk), evidence.provenance
