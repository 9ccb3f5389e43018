"""What a policy says of one subject."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from evals.evidence.validation import Words
from evals.gate.facts import Fact, Subject
from evals.gate.policy import COMPARISONS, Comparison, Policy, PolicyError, PolicyRule


@dataclass(frozen=True)
class RuleApplied:
    """One rule with the fact that it was compared with.

    Attributes:
        rule: its name.
        fact: name of the fact.
        value: of the fact; None where it was not measured.
        text: what the fact is, or why it is missing.
        comparison: above, below, at_least or at_most.
        threshold: the rule trips where value and threshold compare so.
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


@dataclass(frozen=True)
class Verdict:
    """What a policy says of one subject.

    Attributes:
        policy: that was applied.
        subject: whom to.
        facts: all that were known of the subject.
        tripped: rules whose threshold is crossed, or whose fact is missing and must not be.
        passed: rules that were checked and did not trip.
        ignored: rules not checked: the fact is missing and the policy does not mind.
    """

    policy: Policy
    subject: Subject
    facts: Mapping[str, Fact]
    tripped: tuple[RuleApplied, ...]
    passed: tuple[RuleApplied, ...]
    ignored: tuple[RuleApplied, ...]


def apply(policy: Policy, subject: Subject, facts: Mapping[str, Fact]) -> Verdict:
    """Check every rule for such a subject against its facts.

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
        row = _applied(rule, facts[rule.when])
        unmeasured = "tripped" if rule.if_unmeasured == "trip" else "ignored"
        outcomes[{True: "tripped", False: "passed", None: unmeasured}[row.crossed]].append(row)
    if not outcomes["tripped"] and not outcomes["passed"]:
        raise PolicyError(
            f"{policy.source} compared no fact of this {kind}: every rule was ignored as not "
            "measured; a gate that checks nothing must not say pass, so let one rule say "
            'if_unmeasured = "trip"'
        )
    return Verdict(policy, subject, facts, *(tuple(rows) for rows in outcomes.values()))


def _applied(rule: PolicyRule, fact: Fact) -> RuleApplied:
    return RuleApplied(
        rule=rule.name,
        fact=fact.name,
        value=fact.value,
        text=fact.text,
        comparison=rule.comparison,
        threshold=rule.threshold,
        action=rule.action,
        because=rule.because,
    )


def _unknown(rule: PolicyRule, facts: Mapping[str, Fact]) -> str:
    near = difflib.get_close_matches(rule.when, facts, n=3, cutoff=0.5)
    close = f"did you mean {' or '.join(near)}?" if near else f"have {', '.join(facts)}"
    return f"rule {rule.name!r} names the fact {rule.when!r}, which does not exist; {close}"
