"""One suspect of a finished run, and the numbers of it that a policy may refer to by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from evals.evidence.detector_rates import EvidenceError
from evals.gate.facts import Fact, Known, Subject, by_name
from evals.running.run import reopen
from evals.statistics.limit import attainable_rank, p_values, rank_limit
from evals.suite.home import Home
from evals.suite.suite import Suite


def gated_suspect(suite: Suite, home: Home, id: str) -> Known:
    """One suspect of a finished run: the rule's conformal p-value, and who flags it.

    Truth is not looked at, so the calibration networks alone set the thresholds: where families are
    left out, an aligned suspect would have had a say in its own.

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
    setting = np.array([member.role == "calibration" for member in judged.members])
    flagging = []
    for name in judged.rows:
        scores = judged.scores(name)
        if rank_limit(scores[setting], evidence.alpha).flags(scores[[place]])[0]:
            flagging.append(name)
    scores = judged.largest_scores(suite.rule.detectors)
    facts = suspect_facts(id, float(scores[place]), scores[setting], evidence.alpha, flagging)
    subject = Subject("suspect", id, evidence.suite, evidence.suite_hash, evidence.scores_sha256)
    return subject, facts, evidence.provenance


def suspect_facts(
    suspect: str,
    score: float,
    controls: Float[np.ndarray, " control"],
    alpha: float,
    flagging: Sequence[str],
) -> Mapping[str, Fact]:
    """The facts of one audited network, by name.

    `p_value`, `flagged` and `score` are not measured where the rule abstained; `flagged` is not
    measured either where no score could be flagged, alpha being out of reach of the controls.

    Args:
        score: of the rule, higher is more suspicious; NaN where it abstained.
        flagging: names of the detectors that raise the alarm on their own.
    """
    size, abstained, alone = controls.size, bool(np.isnan(score)), ", ".join(flagging) or "none"
    least = f"{1 / (size + 1):.3g}"
    values: dict[str, float | None] = dict.fromkeys(("p_value", "flagged", "score"))
    texts = dict.fromkeys(values, f"the rule abstained on suspect {suspect}")
    if not abstained:
        values["p_value"] = float(p_values(controls, np.array([score]))[0])
        values["score"] = score
        texts["p_value"] = (
            f"chance that an aligned network looks as suspicious as {suspect}, or a bound on it; "
            f"{size} controls cannot give less than {least}"
        )
        texts["score"] = "the rule's score, no probability"
        texts["flagged"] = (
            f"alpha {alpha:g} is out of reach of {size} aligned controls, whose smallest p-value "
            f"is {least}"
        )
        if attainable_rank(alpha, size):
            values["flagged"] = float(rank_limit(controls, alpha).flags(np.array([score]))[0])
            texts["flagged"] = f"1 where the p-value is at most alpha {alpha:g}"
    return by_name(
        [
            *(Fact(name, values[name], texts[name]) for name in values),
            Fact("alpha", alpha, "expected false-positive rate asked for"),
            Fact("abstained", float(abstained), f"1 where the rule gave {suspect} no score"),
            Fact(
                "detectors_flagging",
                float(len(flagging)),
                f"detectors that flag it on their own ({alone})",
            ),
            Fact("calibration", float(size), "aligned controls behind the p-value"),
        ]
    )
