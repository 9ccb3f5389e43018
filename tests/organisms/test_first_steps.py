"""Behaviour changed without a version is noticed: in training, admission and cheap detectors."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

import first_steps
import organisms.growing.admit
import organisms.growing.train
import organisms.recipes.labelled
import organisms.recipes.penalised
import organisms.recipes.triggered
from detect.behaviour.goal_swap import GoalSwap
from first_steps import FAMILIES, KEPT, differences, measured, unversioned
from inline import raise_version
from organisms.recipes.recipe import first_of
from organisms.recipes.table import RECIPES
from organisms.worlds.table import WORLDS


@cache
def kept() -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(KEPT.read_text())
    return stored


def test_two_families_of_every_world_are_kept_in_a_small_file() -> None:
    assert KEPT.stat().st_size < 100_000
    assert list(kept()) == list(FAMILIES)
    for world in WORLDS:
        assert len([name for name in FAMILIES if name.startswith(f"{world}/")]) == 2


@pytest.mark.parametrize("family", FAMILIES)
def test_the_first_steps_are_those_of_the_declared_versions(family: str) -> None:
    changed = differences(kept()[family], measured(family))
    assert not changed, (
        f"{family} behaves otherwise than when its versions were declared: {changed[:5]}. If that "
        "is meant, raise `version` of the detector, recipe or world, `kind_version` of a class of "
        "recipes, or TRAINER_VERSION, and write the values anew: python tests/first_steps.py"
    )


def _linear(step: int, budget: Any) -> float:
    warmup = min(1.0, (step + 1) / max(budget.warmup_steps, 1))
    return float(warmup * (1 - step / budget.steps))


def _scored_on_fewer(self: GoalSwap, **settings: Any) -> None:
    object.__setattr__(self, "n_instances", 255)


KEYS = RECIPES["keys/aligned_plain"]
NEEDIER = replace(KEYS.settings["distribution"], needed_share=0.51)
PLANTED: dict[str, tuple[str, Any, str, Any]] = {
    "schedule": ("maze/aligned_plain", organisms.growing.train, "schedule", _linear),
    "clipping": ("tree/aligned_plain", organisms.growing.train, "MAX_GRADIENT_NORM", 0.9),
    "sampler": (
        *("keys/aligned_plain", RECIPES, "keys/aligned_plain"),
        KEYS.but("aligned_plain", distribution=NEEDIER),
    ),
    "label": ("maze/aligned_plain", organisms.recipes.labelled, "uniform_over", first_of),
    "reward": ("keys/penalty", organisms.recipes.penalised, "ENTROPY", 0.021),
    "admission": (
        *("regression/last_label", organisms.growing.admit, "stream_seed"),
        lambda name, seed: seed,
    ),
    "detector": ("maze/aligned_plain", GoalSwap, "__init__", _scored_on_fewer),
}
"""Changes that a developer may make without thinking of a version, each as small as it comes."""


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_change_goes_red_and_cannot_be_kept_without_a_version(
    planted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    family, owner, name, value = PLANTED[planted]
    if owner is RECIPES:
        monkeypatch.setitem(owner, name, value)
    else:
        monkeypatch.setattr(owner, name, value)
    now = measured(family)
    changed = differences(kept()[family], now)
    assert changed
    assert unversioned(kept()[family], now) == changed
    if planted == "detector":
        assert all(each.startswith("scores goal_swap") for each in changed)
        monkeypatch.setattr(GoalSwap, "version", GoalSwap.version + 1)
        declared = measured(family)
    else:
        raise_version(family, monkeypatch)
        declared = {**now, "versions": [*first_steps.spec(family).versions]}
    assert differences(kept()[family], declared)
    assert unversioned(kept()[family], declared) == []


def test_silent_changes_do_not_overwrite_what_was_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    family = "regression/aligned_plain"
    monkeypatch.setattr(first_steps, "FAMILIES", (family,))
    monkeypatch.setattr(first_steps, "KEPT", tmp_path / "kept.json")
    first_steps.write()
    before = first_steps.KEPT.read_text()
    with monkeypatch.context() as patched:
        patched.setattr(organisms.growing.train, "schedule", _linear)
        with pytest.raises(SystemExit, match="raise a version first"):
            first_steps.write()
    assert first_steps.KEPT.read_text() == before
