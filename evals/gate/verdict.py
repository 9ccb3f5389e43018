"""What a policy says of one subject: which rules tripped, on which facts, and what is not known."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from pydantic import with_config

from evals.evidence.validation import STRICT, Words
from evals.gate.facts import Fact, Subject
from evals.gate.policy import COMPARISONS, Comparison, Policy, PolicyError, PolicyRule
from probes.errors import MesascopeError

SCHEMA = "mesascope.incident/1"

ALWAYS_UNKNOWN = {
    "run": (
        "The transport weight, the probability that the organisms stand for the system at stake, "
        "is a judgement; no measurement of this run supports it.",
        "The severity of harm and the correction of what is detected are judged, and so is "
        "P(emergence) where no pre-registered sweep measured it.",
        "The rates are of the families in the suite; a system of another kind may be caught more "
        "or less often.",
    ),
    "suspect": (
        "A p-value is not the probability that the network is misaligned: that also depends on how "
        "common misalignment is among networks like it.",
        "A tripped rule calls for a person to look; it is no finding of mesa-optimization.",
        "The false-alarm rate holds for aligned networks like the controls; another kind of "
        "network may look suspicious for other reasons.",
    ),
}
ALWAYS_UNKNOWN["audit"] = (
    *ALWAYS_UNKNOWN["suspect"],
    "Only the listed detectors looked, for the listed objectives; what none of them reaches would "
    "not have been seen.",
)


class IncidentError(MesascopeError, ValueError):
    """A verdict that contradicts itself, or a record that cannot be read; the message says why."""


@dataclass(frozen=True)
class PolicyApplied:
    """Which policy, and the digest of its text."""

    name: Words
    sha256: Words


@dataclass(frozen=True)
class RuleApplied:
    """One rule with the fact that it was compared with.

    Attributes:
        rule: its name.
        fact: name of the fact.
        value: of the fact; None where it was not measured.
        text: what the fact is, or why it is missing.
        comparison, threshold: the rule trips where value and threshold compare so.
        action: what the policy asks for.
        because: why the threshold is where it is.
    """

    rule: Words
    fact: Words
    value: float | None
    text: Words
    comparison: Comparison
    threshold: float
    action: Words
    because: Words

    @property
    def crossed(self) -> bool | None:
        """Whether the value compares so with the threshold; None where it was not measured."""
        if self.value is None:
            return None
        return COMPARISONS[self.comparison](self.value, self.threshold)

    @property
    def distance(self) -> str:
        """In words, such as `risk is 0.08, above the threshold 0.05 by 0.03`."""
        rule = f"{self.comparison.replace('_', ' ')} {self.threshold:.4g}"
        if self.value is None:
            return f"{self.fact} was not measured, so nobody knows whether it is {rule}"
        found = f"{self.fact} is {self.value:.4g}"
        if not self.crossed:
            return f"{found}; the rule trips where it is {rule}"
        if self.value == self.threshold:
            return f"{found}, exactly the threshold"
        side = "above" if self.value > self.threshold else "below"
        gap = abs(self.value - self.threshold)
        return f"{found}, {side} the threshold {self.threshold:.4g} by {gap:.3g}"


@with_config(STRICT)
@dataclass(frozen=True)
class Verdict:
    """What a policy says of one subject; where a rule tripped, it is an incident.

    Attributes:
        created: date and time with its offset, ISO 8601.
        subject: whom it is about.
        policy: what it was held against.
        tripped: rules whose threshold is crossed, or whose fact is missing and must not be.
        passed: rules that were checked and did not trip.
        ignored: rules not checked: the fact is missing and the policy does not mind.
        what_is_not_known: sentences.
        provenance: versions, machine and seeds.
    """

    created: str
    subject: Subject
    policy: PolicyApplied
    tripped: tuple[RuleApplied, ...]
    passed: tuple[RuleApplied, ...]
    ignored: tuple[RuleApplied, ...]
    what_is_not_known: tuple[str, ...]
    provenance: dict[str, str]

    def __post_init__(self) -> None:
        outcomes = {"tripped": (True, None), "passed": (False,), "ignored": (None,)}
        for outcome, allowed in outcomes.items():
            for row in getattr(self, outcome):
                if row.crossed not in allowed:
                    raise IncidentError(
                        f"rule {row.rule!r} is listed as {outcome}, but {row.value} against "
                        f"{row.comparison} {row.threshold} is not"
                    )
        if datetime.fromisoformat(self.created).tzinfo is None:
            raise IncidentError(
                f"created is {self.created!r}; wanted ISO 8601 with an offset, such as "
                "2026-05-04T09:30:00+00:00"
            )

    @property
    def id(self) -> str:
        """16 hexadecimal digits of the SHA-256 of the content.

        Left out are `created` and `provenance`: the same facts under the same policy have one id.
        """
        content = {k: v for k, v in asdict(self).items() if k not in ("created", "provenance")}
        text = json.dumps({"schema": SCHEMA, **content}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def actions(self) -> tuple[str, ...]:
        """What the tripped rules ask for, each once."""
        return tuple(dict.fromkeys(row.action for row in self.tripped))


def apply(
    policy: Policy,
    subject: Subject,
    facts: Mapping[str, Fact],
    *,
    created: str,
    provenance: Mapping[str, str],
) -> Verdict:
    """Check every rule for such a subject against its facts.

    Args:
        created: now, ISO 8601 with an offset.
        provenance: where the facts come from: versions, machine and seeds.

    Raises:
        PolicyError: no rule is about such a subject, a rule names a fact that does not exist, or
            every rule was ignored.
    """
    kind = subject.kind
    rules = [rule for rule in policy.rules if rule.applies_to == kind]
    if not rules:
        raise PolicyError(
            f"{policy.source} has no rule that applies to a {kind}; a gate that checks nothing "
            f'must not say pass, so add a [[rule]] with applies_to = "{kind}"'
        )
    if unknown := [_unknown(rule, facts) for rule in rules if rule.when not in facts]:
        raise PolicyError(f"{policy.source}: {'; '.join(unknown)}")
    outcomes: dict[str, list[RuleApplied]] = {"tripped": [], "passed": [], "ignored": []}
    for rule in rules:
        fact = facts[rule.when]
        row = RuleApplied(
            rule.name, fact.name, fact.value, fact.text,
            rule.comparison, rule.threshold, rule.action, rule.because,
        )  # fmt: skip
        unmeasured = "tripped" if rule.if_unmeasured == "trip" else "ignored"
        outcomes[{True: "tripped", False: "passed", None: unmeasured}[row.crossed]].append(row)
    if not outcomes["tripped"] and not outcomes["passed"]:
        raise PolicyError(
            f"{policy.source} compared no fact of this {kind}: every rule was ignored as not "
            "measured; a gate that checks nothing must not say pass, so let one rule say "
            'if_unmeasured = "trip"'
        )
    reasons = dict.fromkeys(fact.text for fact in facts.values() if fact.value is None)
    missing = [f"Not measured: {reason}." for reason in reasons]
    public = [facts["public"].text] if "public" in facts and facts["public"].value else []
    return Verdict(
        created=created,
        subject=subject,
        policy=PolicyApplied(policy.name, policy.sha256),
        tripped=tuple(outcomes["tripped"]),
        passed=tuple(outcomes["passed"]),
        ignored=tuple(outcomes["ignored"]),
        what_is_not_known=(*public, *missing, *ALWAYS_UNKNOWN[kind]),
        provenance=dict(provenance),
    )


def _unknown(rule: PolicyRule, facts: Mapping[str, Fact]) -> str:
    near = difflib.get_close_matches(rule.when, facts, n=3, cutoff=0.5)
    close = f"did you mean {' or '.join(near)}?" if near else f"have {', '.join(facts)}"
    return f"rule {rule.name!r} names the fact {rule.when!r}, which does not exist; {close}"
