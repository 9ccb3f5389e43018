"""What each access level buys: the rule with the detectors that the level allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from evals.family_posterior import family_posterior
from evals.merged import Merged
from evals.risk import MISALIGNMENT_TYPES, Beliefs, Inputs, risk_rows
from evals.risk.inputs import remeasured
from evals.risk.update import measured_rate
from evals.risk_report import AccessRow


def access_rows(
    merged: Merged,
    beliefs: Beliefs,
    cube: Float[np.ndarray, "draw column"],
    inputs: Inputs,
    *,
    scenario: str,
    weights: Sequence[float],
) -> tuple[AccessRow, ...]:
    """The risk of one scenario under the rule and each of its restrictions.

    Args:
        merged: the evidence.
        beliefs: all that is not detection.
        cube: the uniforms that `inputs` came from; common to all rows.
        inputs: draws of the scenario.
        scenario: its name.
        weights: transport weights.
    """
    rows = []
    for rule in merged.rules:
        columns = merged.columns(rule)
        allowed = restrict(beliefs, merged, rule)
        here = remeasured(inputs, cube, allowed)
        rows.append(
            AccessRow(
                rule=rule,
                access=columns[0].access,
                detection={n: measured_rate(p) for n, p in allowed.detection.items()},
                rows=risk_rows(scenario, here, beliefs.link, weights),
                false_alarms=merged.false_alarms(rule),
                cpu_seconds=merged.scoring_cpu_seconds(rule),
            )
        )
    return tuple(rows)


def restrict(beliefs: Beliefs, merged: Merged, rule: str) -> Beliefs:
    """The same beliefs with the detection of one of the rules."""
    return replace(
        beliefs,
        detection={
            name: family_posterior(merged.counts(rule, name)) for name in MISALIGNMENT_TYPES
        },
    )
