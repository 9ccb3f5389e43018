"""Suites as readable TOML: built-in ones by name, any other by its path."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from detect.registry import load_detector
from evals.evidence.validation import validated
from evals.suite.build import derived_seed
from evals.suite.suite import Suite
from evals.suite.suite_names import FRESH, QUICK, suite_path
from organisms.records.strict import SpecError
from probes.parsing import UnreadableFile, parse_toml

SCHEMA = 2

CHEAP = 1.0
"""Most CPU-seconds per suspect that a detector of a quick suite says it takes."""


def load_suite(name_or_path: str) -> Suite:
    """Read a built-in suite by name, or any suite by the path of its TOML file.

    Either may end in `_fresh` and a number, the suite with other seeds, and then in `_quick`, the
    suite with its cheap detectors.

    Raises:
        SpecError: no such suite, not TOML, an unknown key or a wrong value.
    """
    if name_or_path.endswith(QUICK):
        return quick(load_suite(name_or_path.removesuffix(QUICK)))
    if numbered := FRESH.fullmatch(name_or_path):
        return fresh(load_suite(numbered[1]), int(numbered[2]))
    path = suite_path(name_or_path)
    try:
        return suite_from_dict(parse_toml(path.read_bytes(), "it"))
    except (SpecError, UnreadableFile) as error:
        raise SpecError(f"{path}: {error}") from error


def suite_from_dict(data: dict[str, Any]) -> Suite:
    """Read a suite from nested tables.

    `seeds_of` names the suite whose derived first seeds it shares, its own if left out: groups of
    both with one recipe, build and role then are the same organisms.

    Raises:
        SpecError: an unknown or missing key, a wrong value, or rates that could not be honest.
    """
    data = dict(data)
    if (schema := data.pop("schema", None)) != SCHEMA:
        raise SpecError(f"schema must be {SCHEMA}, got {schema!r}")
    seeds_of, groups = str(data.pop("seeds_of", data.get("name"))), data.get("group")
    if isinstance(groups, list):
        data["group"] = [group for entry in groups for group in _one_recipe_each(entry, seeds_of)]
    return validated(Suite, data, SpecError)


def _one_recipe_each(entry: Any, seeds_of: str) -> list[Any]:
    """A [[group]] of several recipes as one per recipe; what is no table is for pydantic to refuse.

    A missing build is the one named like the environment; a missing first seed is derived.
    """
    if not isinstance(entry, dict):
        return [entry]
    entry = dict(entry)
    recipes = entry.pop("recipes", None) or [entry.pop("recipe", None)]
    if not isinstance(recipes, list):
        raise SpecError(f"recipes must be a list of names, got {recipes!r}")
    if len(recipes) > 1 and "first_seed" in entry:
        raise SpecError(f"first_seed cannot serve several recipes: {recipes}")
    groups = []
    for recipe in recipes:
        build = str(entry.get("build", str(recipe).partition("/")[0]))
        seed = derived_seed(seeds_of, str(recipe), build, str(entry.get("role")))
        groups.append({"build": build, "first_seed": seed, **entry, "recipe": recipe})
    return groups


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
        name=f"{suite.name}{QUICK}",
        detectors=cheap,
        rule=replace(suite.rule, detectors=rule),
    )


def fresh(suite: Suite, number: int) -> Suite:
    """The same families in the same numbers, of other seeds: nobody has seen these organisms.

    Args:
        number: the seeds follow from it, those of the twins too.

    Raises:
        SpecError: two groups happen to share a seed; another number has other seeds.
    """
    name = f"{suite.name}_fresh{number}"
    builds = {
        key: replace(build, twin_seed=derived_seed(name, "twin", key, "twin"))
        for key, build in suite.builds.items()
    }
    groups = tuple(
        replace(group, first_seed=derived_seed(name, group.recipe, group.build, group.role))
        for group in suite.groups
    )
    return replace(suite, name=name, builds=builds, groups=groups)
