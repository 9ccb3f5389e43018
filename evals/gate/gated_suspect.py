"""One suspect of a finished run as a policy sees it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from evals.evidence.detector_rates import EvidenceError
from evals.gate import Fact, Subject, suspect_facts
from evals.running.run import reopen
from evals.statistics.threshold import p_values, rank_limit
from evals.suite.home import Home
from evals.suite.suite import Suite


def gated_suspect(
    suite: Suite, home: Home, id: str
) -> tuple[Subject, Mapping[str, Fact], Mapping[str, str]]:
    """One suspect of a finished run: the rule's conformal p-value, and who flags it.

    Truth is not looked at, so the calibration networks alone set the thresholds: where families are
    left out, an aligned suspect would have had a say in its own.

    Returns:
        Who it is, what is known of it, and where that comes from.

    Raises:
        EvidenceError: no suspect has that id, or it set the threshold itself.
    """
    finished = reopen(suite, home)
    judged, evidence = finished.judged, finished.evidence
    place = judged.place(id)
    if judged.members[place].role == "calibration":
        raise EvidenceError(
            f"suspect {id} set the threshold; it has no p-value of its own, ask about a test one"
        )
    scores = judged.largest_scores(suite.rule.detectors)
    setting = np.array([member.role == "calibration" for member in judged.members])
    calibration = scores[setting]
    value = float(scores[place])
    facts = suspect_facts(
        suspect=id,
        p_value=float(p_values(calibration, scores[[place]])[0]),
        alpha=evidence.alpha,
        score=None if np.isnan(value) else value,
        calibration_size=calibration.size,
        detectors_flagging=[
            name for name in judged.rows
            if rank_limit(judged.scores(name)[setting], evidence.alpha)
            .flags(judged.scores(name)[[place]])[0]
        ],
    )  # fmt: skip
    subject = Subject("suspect", id, evidence.suite, evidence.suite_hash, evidence.scores_sha256)
    return subject, facts, evidence.provenance
