"""An organism's identity hangs on its specification and declared versions, not on source files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

import organisms.zoo.spec
from inline import raise_version
from organisms.recipes.recipe import Recipe
from organisms.recipes.table import RECIPES
from organisms.recipes.triggered import Conditional, Triggered
from organisms.records.provenance import ROOT, SOURCE, organism_code, package_version
from organisms.worlds.maze.maze import Maze
from organisms.zoo.spec import OrganismSpec
from worlds import built

PINNED = {
    "maze/proxy_corner": "75a30fc84ae4fd90",
    "keys/penalty": "17f807b1b4d208b4",
    "tree/compiled_bfs": "8dc5cd817b5c2477",
    "regression/aligned_plain": "0cff163a42aa0293",
}
"""Default specifications with seed 1: whoever changes one of these loses every stored organism."""


def hashes() -> dict[str, str]:
    return {name: OrganismSpec(name, seed=1).content_hash for name in RECIPES}


def test_organisms_of_this_version_are_found_again() -> None:
    assert {name: OrganismSpec(name, seed=1).content_hash for name in PINNED} == PINNED


def touched(raised: Callable[[], None]) -> set[str]:
    """Families whose identity changes."""
    before = hashes()
    raised()
    after = hashes()
    return {name for name in before if before[name] != after[name]}


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
    "the trainer": (
        lambda patch: patch.setattr(organisms.zoo.spec, "TRAINER_VERSION", 2),
        set(RECIPES),
    ),
}


@pytest.mark.parametrize("raised", RAISED)
def test_a_raised_version_takes_along_all_that_hangs_on_it_and_nothing_else(
    raised: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, wanted = RAISED[raised]
    if raised in ("a class", "its base"):
        assert {"maze/deceptive_trigger", "maze/deceptive_adaptive"} <= wanted < set(RECIPES)
    assert touched(lambda: change(monkeypatch)) == wanted


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
