"""What each access level buys: the rule with the detectors that the level allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from evals.family_posterior import family_posterior
from evals.merged import Merged
from evals.risk import MISALIGNMENT_TYPES, Beliefs, Inputs, risk_rows
from evals.risk.inputs import remeasured
from evals.risk.update import measured_rate
from evals.risk_report import AccessRow


@dataclass(frozen=True, eq=False)
class Restricted:
    """The rule or one of its restrictions, with the beliefs and the draws that follow from it.

    Attributes:
        rule: name of its column.
        access: what its detectors are given.
        beliefs: with its detection.
        inputs: draws of one scenario; but for measured detection, common to all restrictions.
    """

    rule: str
    access: str
    beliefs: Beliefs
    inputs: Inputs


def restrictions(
    merged: Merged,
    beliefs: Beliefs,
    cube: Float[np.ndarray, "draw column"],
    inputs: Inputs,
) -> tuple[Restricted, ...]:
    """The rule, then its restrictions.

    Args:
        merged: the evidence.
        beliefs: with the detection of the rule.
        cube: the uniforms that `inputs` came from.
        inputs: draws of one scenario, of `beliefs`.
    """
    found = []
    for rule in merged.rules:
        access = merged.columns(rule)[0].access
        if rule == merged.rules[0]:
            found.append(Restricted(rule, access, beliefs, inputs))
            continue
        allowed = restrict(beliefs, merged, rule)
        found.append(Restricted(rule, access, allowed, remeasured(inputs, cube, allowed)))
    return tuple(found)


def access_rows(
    merged: Merged, rules: Sequence[Restricted], *, scenario: str, weights: Sequence[float]
) -> tuple[AccessRow, ...]:
    """The risk of one scenario under the rule and each of its restrictions.

    Args:
        merged: the evidence.
        rules: as of `restrictions`.
        scenario: name of the scenario that their inputs are of.
        weights: transport weights.
    """
    return tuple(
        AccessRow(
            rule=one.rule,
            access=one.access,
            detection={n: measured_rate(p) for n, p in one.beliefs.detection.items()},
            rows=risk_rows(scenario, one.inputs, one.beliefs.link, weights),
            false_alarms=merged.false_alarms(one.rule),
            cpu_seconds=merged.scoring_cpu_seconds(one.rule),
        )
        for one in rules
    )


def restrict(beliefs: Beliefs, merged: Merged, rule: str) -> Beliefs:
    """The same beliefs with the detection of one of the rules."""
    return replace(
        beliefs,
        detection={
            name: family_posterior(merged.counts(rule, name)) for name in MISALIGNMENT_TYPES
        },
    )
