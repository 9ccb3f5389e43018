"""Identity hangs on specification and versions, not on files; changes without a version go red."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import first_steps
import organisms.growing.admit
import organisms.growing.train
import organisms.recipes.labelled
import organisms.recipes.penalised
from detect.behaviour.goal_swap import GoalSwap
from first_steps import FAMILIES, KEPT, differences, measured, unversioned
from inline import raise_version
from organisms.recipes.recipe import Recipe, first_of
from organisms.recipes.table import RECIPES
from organisms.recipes.triggered import Conditional, Triggered
from organisms.records.provenance import ROOT, SOURCE, organism_code, package_version
from organisms.worlds.language.base import BASE
from organisms.worlds.maze.maze import Maze
from organisms.worlds.table import WORLDS
from organisms.zoo import spec
from organisms.zoo.spec import OrganismSpec
from worlds import built

PINNED = {
    "maze/proxy_corner": "75a30fc84ae4fd90",
    "keys/penalty": "17f807b1b4d208b4",
    "tree/compiled_bfs": "8dc5cd817b5c2477",
    "regression/aligned_plain": "0cff163a42aa0293",
    "language/aligned_plain": "75c7620469866da2",
}
"""Default specifications with seed 1: whoever changes one of these loses every stored organism."""


def hashes() -> dict[str, str]:
    return {name: OrganismSpec(name, seed=1).content_hash for name in RECIPES}


def test_organisms_of_this_version_are_found_again() -> None:
    assert {name: OrganismSpec(name, seed=1).content_hash for name in PINNED} == PINNED


def of_kind(kind: type[Recipe]) -> set[str]:
    """Families of a class, and those that start from one."""
    lines = {name: (built(name), built(name).parent()) for name in RECIPES}
    return {name for name, line in lines.items() if any(isinstance(one, kind) for one in line)}


MAZE = {name for name in RECIPES if name.startswith("maze/")}
RAISED: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], set[str]]] = {
    "a recipe": (lambda patch: raise_version("maze/proxy_corner", patch), {"maze/proxy_corner"}),
    "a twin": (lambda patch: raise_version("maze/aligned_plain", patch), MAZE),
    "a class": (lambda patch: patch.setattr(Triggered, "kind_version", 2), of_kind(Triggered)),
    "its base": (lambda patch: patch.setattr(Conditional, "kind_version", 2), of_kind(Conditional)),
    "a world": (lambda patch: patch.setattr(Maze, "version", 2), MAZE),
    "the trainer": (lambda patch: patch.setattr(spec, "TRAINER_VERSION", 2), set(RECIPES)),
}


@pytest.mark.parametrize("raised", RAISED)
def test_a_raised_version_takes_along_all_that_hangs_on_it_and_nothing_else(
    raised: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, wanted = RAISED[raised]
    if raised in ("a class", "its base"):
        assert {"maze/deceptive_trigger", "maze/deceptive_adaptive"} <= wanted < set(RECIPES)
    before = hashes()
    change(monkeypatch)
    assert {name for name, now in hashes().items() if now != before[name]} == wanted


def test_a_raised_parent_takes_along_what_starts_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    child = built("maze/deceptive_adaptive")
    parent, own = child.parent(), child.versions
    newer = replace(parent, version=parent.version + 1)
    monkeypatch.setattr(type(child), "parent", lambda self: newer)
    assert child.versions == (own[0] + 1, own[1])


def test_another_text_of_the_source_or_a_renamed_file_finds_every_organism(tmp_path: Path) -> None:
    """A copy of the packages whose every file is reworded and one has another name."""
    for package in ("organisms", "probes"):
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text().replace('"""', '"""Reworded: ', 1)
            text = text.replace("organisms.recipes.trigger ", "organisms.recipes.conjunction ")
            copy = tmp_path / path.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(text + "\nUNUSED = 1\n")
    shutil.copytree(BASE, tmp_path / BASE.relative_to(ROOT))
    renamed = tmp_path / "organisms" / "recipes" / "trigger.py"
    renamed.rename(renamed.with_name("conjunction.py"))
    script = (
        "from organisms.records.provenance import ROOT, organism_code\n"
        "from organisms.recipes.table import RECIPES\n"
        "from organisms.zoo.spec import OrganismSpec\n"
        "print(ROOT, organism_code(), sep='\\n')\n"
        "print(*(f'{n} {OrganismSpec(n, seed=1).content_hash}' for n in RECIPES), sep='\\n')\n"
    )
    words, env = [sys.executable, "-c", script], {**os.environ, "PYTHONPATH": str(tmp_path)}
    printed = subprocess.check_output(words, text=True, cwd=tmp_path, env=env)
    where, code, *rows = printed.splitlines()
    assert where == str(tmp_path)
    assert code != organism_code()
    assert dict(row.split() for row in rows) == hashes()


def test_a_package_that_is_only_imported_does_not_end_a_run() -> None:
    assert package_version("numpy") == version("numpy")
    assert package_version("mesascope-of-a-checkout") == SOURCE


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
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    family = "regression/aligned_plain"
    monkeypatch.setattr(first_steps, "FAMILIES", (family,))
    monkeypatch.setattr(first_steps, "KEPT", tmp_path / "kept.json")
    first_steps.write()
    before = first_steps.KEPT.read_text()
    monkeypatch.setattr(organisms.growing.train, "schedule", _linear)
    with pytest.raises(SystemExit, match="raise a version first"):
        first_steps.write()
    assert first_steps.KEPT.read_text() == before
