"""Suites as readable TOML: built-in ones by name, any other by its path."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from evals.suite.build import build_from_dict
from evals.suite.group import Group, derived_seed
from evals.suite.quick import ENDING, quick
from evals.suite.suite import Rule, Suite
from organisms.records.strict import SpecError, strict

SCHEMA = 2
BUILT_IN = Path(__file__).parent / "suites"


def load_suite(name_or_path: str) -> Suite:
    """Read a built-in suite by name, or any suite by the path of its TOML file.

    Either may end in `_quick`: the suite with its cheap detectors (`evals.suite.quick`).

    Raises:
        SpecError: no such suite, not TOML, an unknown key or a wrong value.
    """
    if name_or_path.endswith(ENDING):
        return quick(load_suite(name_or_path.removesuffix(ENDING)))
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = BUILT_IN / f"{name_or_path}.toml"
    if not path.is_file():
        known = sorted(p.stem for p in BUILT_IN.glob("*.toml"))
        raise SpecError(
            f"no suite {name_or_path!r}; built-in suites are {known}, or a path ending in .toml"
        )
    try:
        data = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError(f"{path} is not valid TOML: {error}") from error
    return suite_from_dict(data)


def suite_from_dict(data: dict[str, Any]) -> Suite:
    """Read a suite from nested tables.

    `seeds_of` names the suite whose derived first seeds it shares, its own if left out: groups of
    both with one recipe, build and role then are the same organisms.

    Raises:
        SpecError: an unknown or missing key, or a wrong value.
    """
    data = dict(data)
    schema = data.pop("schema", None)
    if schema != SCHEMA:
        raise SpecError(f"schema must be {SCHEMA}, got {schema!r}")
    seeds_of = data.pop("seeds_of", data.get("name"))
    builds, groups, rule = data.pop("build", {}), data.pop("group", []), data.pop("rule", None)
    if not isinstance(builds, dict) or not isinstance(groups, list) or not isinstance(rule, dict):
        raise SpecError("a suite needs [build.NAME] tables, [[group]] entries and a [rule] table")
    nested: dict[str, Any] = {
        "builds": {name: build_from_dict(name, build) for name, build in builds.items()},
        "groups": tuple(group for entry in groups for group in _groups(str(seeds_of), entry)),
        "rule": strict(Rule, {**rule, "detectors": _names(rule.get("detectors"))}, "rule"),
        "detectors": _names(data.pop("detectors", None)),
    }
    return strict(Suite, {**data, **nested}, "suite")


def _groups(suite: str, entry: object) -> list[Group]:
    """The groups of one entry, which may name several recipes at once.

    A missing build is the one named like the environment; a missing first seed is derived.
    """
    if not isinstance(entry, dict):
        raise SpecError(f"[[group]] must be a table, got {entry!r}")
    entry = dict(entry)
    recipes = _names(entry.pop("recipes", None) or [entry.pop("recipe", None)], "recipes")
    if len(recipes) > 1 and "first_seed" in entry:
        raise SpecError(f"first_seed cannot serve several recipes: {', '.join(recipes)}")
    groups = []
    for recipe in recipes:
        build = str(entry.get("build", recipe.partition("/")[0]))
        seed = derived_seed(suite, recipe, build, str(entry.get("role")))
        wanted = {"first_seed": seed, "build": build, **entry, "recipe": recipe}
        groups.append(strict(Group, wanted, "group"))
    return groups


def _names(value: object, what: str = "detectors") -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise SpecError(f"{what} must be a list of names, got {value!r}")
    return tuple(value)
