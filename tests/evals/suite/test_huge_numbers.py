"""Numbers that would never come to an end are refused with the bound that they cross."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from typing import Any

import pytest

from evals.suite.suite_file import suite_from_dict
from evals.suite.suite_names import BUILT_IN
from organisms.records.strict import SpecError

DATA = tomllib.loads((BUILT_IN / "tiny.toml").read_text("utf-8"))
HUGE = 9223372036854775807

Change = Callable[[dict[str, Any]], object]


def table(data: dict[str, Any], name: str) -> dict[str, Any]:
    """A table of the first build."""
    return next(iter(data["build"].values())).setdefault(name, {})  # type: ignore[no-any-return]


CASES: dict[str, Change] = {
    "max_attempts_factor": lambda data: data.update(max_attempts_factor=HUGE),
    "max_attempts_factor.": lambda data: data.update(max_attempts_factor=90_000),
    "count": lambda data: data["group"][0].update(count=HUGE),
    "first_seed": lambda data: data["group"][0].update(first_seed=2**31 - 1),
    "battery_seed": lambda data: data.update(battery_seed=HUGE),
    "trigger_parts": lambda data: data["group"][0].update(trigger_parts=HUGE),
    **{
        f"{name}": lambda data, place=place, name=name: table(data, place).update({name: HUGE})
        for place, names in {
            "training": ("steps", "batch_size", "warmup_steps"),
            "net": ("width", "n_layers", "n_heads", "mlp_ratio"),
            "admission": ("n_equivalence", "n_expression"),
            "size": ("side", "n_slots", "n_values", "n_glyphs"),
        }.items()
        for name in names
    },
}


@pytest.mark.parametrize("name", CASES)
def test_a_number_without_end_is_refused_by_name(name: str) -> None:
    data = copy.deepcopy(DATA)
    CASES[name](data)
    with pytest.raises(SpecError, match=name.rstrip(".")):
        suite_from_dict(data)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("", "alpha"),
        ("", "transport_weight"),
        ("training", "learning_rate"),
        ("training", "weight_decay"),
        ("admission", "min_competence"),
        ("admission", "max_left"),
    ],
)
def test_a_suite_with_a_number_that_is_not_finite_is_refused_by_name(
    place: str, name: str, value: float
) -> None:
    data = copy.deepcopy(DATA)
    (table(data, place) if place else data)[name] = value
    with pytest.raises(SpecError, match=name):
        suite_from_dict(data)
