"""What decides an organism's identity: the code its recipe passes through, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from organisms import code
from organisms.recipes import RECIPES, recipe_builder


def files(recipe: str) -> set[str]:
    module = recipe_builder(recipe).__module__
    return {name.replace(".", "/") for name in code.imported((module, *code.COMMON))}


def test_every_recipe_passes_through_training_admission_and_its_own_world() -> None:
    for recipe in RECIPES:
        found = files(recipe)
        world = recipe.partition("/")[0]
        assert {"organisms/train", "organisms/admit", "organisms/recipes/recipe"} <= found
        assert {"probes/behaviour", "probes/capture", "probes/streams"} <= found
        assert any(name.startswith(f"organisms/environments/{world}/") for name in found), recipe


def test_no_recipe_depends_on_another_world() -> None:
    for recipe in RECIPES:
        world = recipe.partition("/")[0]
        others = {name.partition("/")[0] for name in RECIPES} - {world}
        foreign = [
            name
            for name in files(recipe)
            for other in others
            if name.startswith((f"organisms/environments/{other}", f"organisms/recipes/{other}"))
        ]
        assert not foreign, f"{recipe} imports {foreign}"


def test_nothing_of_judging_decides_what_grows() -> None:
    assert all(name.startswith(("organisms", "probes")) for r in RECIPES for name in files(r))


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The digest taken over a copy of the packages, so that files can be changed."""
    for package in ("organisms", "probes"):
        for path in (code.ROOT / package).rglob("*.py"):
            copy = tmp_path / path.relative_to(code.ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    monkeypatch.setattr(code, "ROOT", tmp_path)
    code._digest.cache_clear()
    yield tmp_path
    code._digest.cache_clear()


@pytest.mark.parametrize(
    ("changed", "touched", "left"),
    [
        ("recipes/maze/proxy.py", {"maze/proxy_corner"}, {"maze/pseudo_colour", "keys/marker"}),
        ("environments/maze/edits.py", {"maze/proxy_corner"}, {"keys/marker"}),
        ("environments/maze/private.py", {"maze/pseudo_colour"}, {"keys/marker"}),
        ("environments/grid.py", {"maze/pseudo_colour", "keys/marker"}, {"regression/leak"}),
        ("admit.py", {"maze/pseudo_colour", "keys/marker", "regression/leak"}, set()),
        ("recipes/trigger.py", {"maze/deceptive_trigger"}, {"maze/proxy_corner"}),
        (
            "recipes/maze/deceptive.py",
            {"maze/deceptive_trigger", "maze/deceptive_adaptive"},
            {"maze/proxy_corner"},
        ),
        ("zoo.py", set(), {"maze/proxy_corner", "keys/marker"}),
    ],
)
def test_a_change_reaches_exactly_what_passes_through_it(
    copied: Path, changed: str, touched: set[str], left: set[str]
) -> None:
    before = {recipe: code.organism_code(recipe) for recipe in touched | left}
    path = copied / "organisms" / changed
    path.write_text(path.read_text() + "\nCHANGED = True\n")
    code._digest.cache_clear()
    after = {recipe: code.organism_code(recipe) for recipe in touched | left}
    assert {recipe for recipe in before if before[recipe] != after[recipe]} == touched
