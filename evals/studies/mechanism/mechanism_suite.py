"""The part of a suite that the question of search is about."""

from __future__ import annotations

from dataclasses import replace

from detect.registry import DETECTORS
from evals.evidence.rival_explanation import ARTEFACTS
from evals.suite.suite import Rule, Suite
from organisms.records.strict import SpecError

BATTERY = (
    *(name for name, kind in DETECTORS.items() if kind.role == "floor"),
    *ARTEFACTS,
    *(name for name, kind in DETECTORS.items() if kind.question == "search"),
)
"""Floors and baselines first, then every built-in detector of search."""


def mechanism_suite(suite: Suite, environment: str) -> Suite:
    """The networks of one environment whose mechanism is known, before detectors of search.

    They keep their specifications, hence their place in the zoo; their roles on the axis of
    objectives are dropped.

    Args:
        suite: the whole one.
        environment: one of its worlds.

    Raises:
        SpecError: no network of that environment has a known mechanism.
    """
    groups = tuple(
        replace(group, role="mechanism")
        for group in suite.groups
        if suite.build_of(group).environment == environment
        and suite.spec(group).build_recipe().truth.mechanism != "unknown"
    )
    if not groups:
        raise SpecError(
            f"suite {suite.name} has no network of known mechanism in {environment!r}; its "
            f"environments are {', '.join(suite.environments)}"
        )
    names = {group.build for group in groups}
    return replace(
        suite,
        name=f"{suite.name}_search",
        groups=groups,
        builds={name: build for name, build in suite.builds.items() if name in names},
        detectors=BATTERY,
        rule=Rule("search", ("search_verdict",), "left_out"),
    )
