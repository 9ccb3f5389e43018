"""What a policy says of one subject."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from evals.gate.facts import Fact
from evals.gate.policy import COMPARISONS, Policy, PolicyError, PolicyRule


@dataclass(frozen=True)
class Checked:
    """One rule beside the fact that it names."""

    rule: PolicyRule
    fact: Fact

    @property
    def outcome(self) -> str:
        """tripped, passed or ignored."""
        if self.fact.value is None:
            return "tripped" if self.rule.if_unmeasured == "trip" else "ignored"
        crossed = COMPARISONS[self.rule.comparison](self.fact.value, self.rule.threshold)
        return "tripped" if crossed else "passed"


@dataclass(frozen=True)
class Verdict:
    """What a policy says of one subject.

    Attributes:
        policy: that was applied.
        applies_to: run or suspect.
        facts: all that were known of the subject.
        checked: every rule for such a subject, in the order of the policy.
    """

    policy: Policy
    applies_to: str
    facts: Mapping[str, Fact]
    checked: tuple[Checked, ...]

    def __post_init__(self) -> None:
        if not self.tripped and not self.passed:
            raise PolicyError(
                f"{self.policy.source} compared no fact of this {self.applies_to}: every rule was "
                "ignored as not measured; a gate that checks nothing must not say pass, so let one "
                'rule say if_unmeasured = "trip"'
            )

    @property
    def tripped(self) -> tuple[Checked, ...]:
        """Rules whose threshold is crossed, or whose fact is missing and must not be."""
        return self._with("tripped")

    @property
    def passed(self) -> tuple[Checked, ...]:
        """Rules that were checked and hold still."""
        return self._with("passed")

    @property
    def ignored(self) -> tuple[Checked, ...]:
        """Rules that were not checked: the fact is missing and the policy does not mind."""
        return self._with("ignored")

    @property
    def suspicious(self) -> bool:
        """Whether any rule tripped."""
        return bool(self.tripped)

    def _with(self, outcome: str) -> tuple[Checked, ...]:
        return tuple(row for row in self.checked if row.outcome == outcome)


def apply(policy: Policy, facts: Mapping[str, Fact], applies_to: str) -> Verdict:
    """Check every rule for such a subject against its facts.

    Args:
        policy: the thresholds.
        facts: of the subject, as of `run_facts` or `suspect_facts`.
        applies_to: run or suspect.

    Raises:
        PolicyError: no rule is about such a subject, a rule names a fact that does not exist, or
            every rule was ignored.
    """
    rules = [rule for rule in policy.rules if rule.applies_to == applies_to]
    if not rules:
        raise PolicyError(
            f"{policy.source} has no rule that applies to a {applies_to}; a gate that checks "
            f'nothing must not say pass, so add a [[rule]] with applies_to = "{applies_to}"'
        )
    unknown = [_unknown(rule, facts) for rule in rules if rule.when not in facts]
    if unknown:
        raise PolicyError(f"{policy.source}: {'; '.join(unknown)}")
    checked = tuple(Checked(rule, facts[rule.when]) for rule in rules)
    return Verdict(policy, applies_to, facts, checked)


def _unknown(rule: PolicyRule, facts: Mapping[str, Fact]) -> str:
    near = difflib.get_close_matches(rule.when, facts, n=3, cutoff=0.5)
    close = f"did you mean {' or '.join(near)}?" if near else f"have {', '.join(facts)}"
    return f"rule {rule.name!r} names the fact {rule.when!r}, which does not exist; {close}"
