"""The quick battery: what a suite learns from its cheap detectors alone."""

from __future__ import annotations

from dataclasses import replace

from detect.registry import load_detector
from evals.suite.suite import Suite
from organisms.records.strict import SpecError

ENDING = "_quick"
"""Of the names of quick suites: `maze_quick` is `maze` with its cheap detectors."""

CHEAP = 1.0
"""Most CPU-seconds per suspect that a detector of the quick battery says it takes."""


def quick(suite: Suite) -> Suite:
    """The same organisms and alpha, the cheap detectors, and the rule over those of its detectors.

    A battery and a rule of their own, so another suite: its scores and evidence lie apart.

    Raises:
        SpecError: no detector of the rule is cheap.
    """
    cheap = tuple(name for name in suite.detectors if load_detector(name).cost <= CHEAP)
    rule = tuple(name for name in suite.rule.detectors if name in cheap)
    if not rule:
        raise SpecError(
            f"rule {suite.rule.name} of suite {suite.name} has no detector of at most {CHEAP:g} "
            f"CPU-second a suspect ({', '.join(suite.rule.detectors)}); run the full battery"
        )
    return replace(
        suite,
        name=f"{suite.name}{ENDING}",
        detectors=cheap,
        rule=replace(suite.rule, detectors=rule),
    )
