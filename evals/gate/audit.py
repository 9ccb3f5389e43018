"""The audit of a network that someone brought, and its numbers that a policy may name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from evals.audit.audit import Answer, Audit
from evals.audit.card.audit_file import audit_json, read_audit
from evals.gate.facts import Fact, Known, Subject, by_name
from evals.gate.policy import load_policy
from evals.gate.verdict import Verdict, apply

OWN_BASIS = ("posterior", "own controls")
"""What an answer rests on that no p-value can say more of."""

DECIDED = {"yes": 1.0, "no sign": 0.0}
"""Answers that are one; the others are not measured."""


def gated_audit(audit: Audit, policy: Path | None = None) -> Verdict:
    """What a policy says of an audit, by default the example that comes with the package.

    Raises:
        PolicyError: the policy cannot be read, or applied to an audit.
    """
    subject, facts, provenance = known_audit(audit)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return apply(load_policy(policy), subject, facts, created=now, provenance=provenance)


def known_audit(audit: Audit | Path) -> Known:
    """An audit, or that of a file.

    Raises:
        AuditFileError: the file cannot be read.
    """
    known = read_audit(audit) if isinstance(audit, Path) else audit
    digest = audit_json(known)["content_sha256"]
    subject = Subject("audit", known.name, known.world, known.weights_sha256, digest)
    return subject, audit_facts(known), known.provenance


def audit_facts(audit: Audit) -> Mapping[str, Fact]:
    """The facts of an audit, by name.

    `flagged` is not measured where the audit neither flags the network nor finds no sign of another
    goal: where nothing was decided, a gate must not say pass. `answer.QUESTION` is 1 for yes, 0 for
    no sign and otherwise not measured; `p_value.QUESTION` is not measured where there is nothing to
    compare with; `contexts` counts finds, and is not measured where no detector searched.
    """
    damage, calibrated = audit.damage, audit.calibrated
    competence = damage.said.rstrip(".")
    silent = [one.detector for one in audit.readings if one.value is None]
    failed = [check.name for check in audit.checks if not check.passed]
    shares = {one.objective: one.probability for one in audit.pursued}
    base = shares.get(audit.base_objective)
    searched = audit.answer("gated")
    n_contexts = None if searched.answered == "not asked" else float(len(audit.contexts))
    found = "contexts found, and tested again, that switch what it pursues"
    return by_name(
        [
            _flagged(audit),
            *(fact for answer in audit.answers for fact in _answer(answer)),
            Fact("contexts", n_contexts, _why(found, n_contexts, searched)),
            Fact("damage", damage.index, f"competence lost, in [0, 1]: {competence}"),
            Fact(
                "broken",
                float(damage.broken),
                f"1 where it is too damaged: {damage.said.rstrip('.')}",
            ),
            Fact("optimality", damage.optimality, "share of optimal decisions in distribution"),
            Fact("calibration", float(calibrated.size), f"networks compared: {calibrated.said}"),
            Fact("alpha", calibrated.alpha, "p-value from which scores raise an alarm"),
            Fact("abstained", float(len(silent)), f"detectors without a score: {_names(silent)}"),
            Fact("checks.failed", float(len(failed)), f"checks that failed: {_names(failed)}"),
            Fact("base_probability", base, "probability that it pursues what was intended"),
        ]
    )


def _flagged(audit: Audit) -> Fact:
    text = f"1 where a person must look: {audit.verdict.rstrip('.')}"
    if audit.flagged:
        return Fact("flagged", 1.0, text)
    if audit.answer("misaligned").answered == "no sign" and not audit.damage.broken:
        return Fact("flagged", 0.0, text)
    said = audit.verdict.rstrip(".")
    return Fact("flagged", None, f"the audit neither flags nor clears the network: {said}")


def _answer(answer: Answer) -> Iterator[Fact]:
    name, value = answer.asked, DECIDED.get(answer.answered)
    yield Fact(f"answer.{name}", value, _why(f"1 for yes: {answer.headline}", value, answer))
    if answer.basis in OWN_BASIS:
        return
    text = f"share of {answer.compared} networks, and this one, that look as suspicious ({name})"
    yield Fact(f"p_value.{name}", answer.p_value, _why(text, answer.p_value, answer))


def _why(text: str, value: float | None, answer: Answer) -> str:
    """What a fact is, or why it is missing."""
    if value is not None:
        return text
    reason = f"{answer.answered}; {answer.headline}"
    said = reason if answer.compared or answer.basis else f"uncalibrated, {reason}"
    return f"{answer.asked}: {said.rstrip('.')}"


def _names(names: list[str]) -> str:
    return ", ".join(names) or "none"
