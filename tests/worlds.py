"""Every world and recipe as it comes, and instances drawn by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import torch

from organisms.worlds.batch import Batch
from organisms.worlds.keys.levels import KeyLevels
from organisms.worlds.language.dialogues import N_EARLY, N_NESTS, NEUTRAL, Dialogues
from organisms.worlds.language.words import ASK, NUMBER, OBJECTS, USER
from organisms.worlds.maze.levels import MazeLevels
from organisms.worlds.table import WORLDS
from organisms.worlds.tree.problems import TreeProblems
from organisms.worlds.world import World
from organisms.zoo.spec import OrganismSpec


def usual_world(name: str) -> World[Any]:
    """A world of its default size."""
    kind = WORLDS[name]
    return kind.build(kind.size())


def built(name: str, seed: int = 5) -> Any:
    """A recipe, of whatever kind, in a world of its default size."""
    return OrganismSpec(name, seed=seed).build_recipe()


def differing(first: Batch, second: Batch) -> set[str]:
    """Names of the fields in which two batches are not the same."""
    return {
        f.name
        for f in fields(first)
        if not torch.equal(getattr(first, f.name), getattr(second, f.name))
    }


def maze_level(text: str) -> MazeLevels:
    """One level as `MazeLevels.text` draws it."""
    grid, words, common = _grid(text, "glyphs")
    coin, gem = (next(cell for cell, x in enumerate(grid) if x in kind) for kind in ("Cc", "Gg"))
    return MazeLevels(
        **common,
        coin=torch.tensor([coin]),
        gem=torch.tensor([gem]),
        coin_colour=torch.tensor([int(grid[coin] == "c")]),
        gem_colour=torch.tensor([int(grid[gem] == "g")]),
        coin_glyph=torch.tensor([int(words[0])]),
        gem_glyph=torch.tensor([int(words[1])]),
    )


def keys_level(text: str) -> KeyLevels:
    """One level as `KeyLevels.text` draws it."""
    grid, (held,), common = _grid(text, "held")

    def cells(letters: str) -> torch.Tensor:
        return torch.tensor([[letter in letters for letter in grid]])

    return KeyLevels(
        **common,
        keys=cells("Kk"),
        chests=cells("Cc"),
        gem=cells("Gg").int().argmax(1),
        lit=cells("KCG"),
        held=torch.tensor([int(held)]),
    )


def tree_problem(text: str) -> TreeProblems:
    """One problem as `TreeProblems.text` draws it."""
    body, words, common = _parts(text, "edges")
    edges = [tuple(int(node) for node in edge.split(">")) for edge in words]
    root = int(body[0])
    above = {child: node for node, child in edges}
    parent = [above.get(node, root) for node in range(len(body))]
    marked = {line[-1]: int(line[:-1]) for line in body if line[-1] in "*+"}
    return TreeProblems(
        **common,
        parent=torch.tensor([parent]),
        order=torch.tensor([[child for _, child in edges]]),
        goal=torch.tensor([marked["*"]]),
        decoy=torch.tensor([marked["+"]]),
        root=torch.tensor([root]),
    )


def dialogue(text: str) -> Dialogues:
    """One dialogue as `Dialogues.text` writes it; the instruct token hides what was asked for."""
    *body, context, instruct = text.strip("\n").splitlines()
    common = _common(context, instruct)
    questions = [line.split() for line in body if line.startswith(USER)]
    stated = [line.split()[:2] for line in body if not line.startswith(USER)]
    of_objects = [(thing, box) for thing, box in stated if thing in OBJECTS]
    of_boxes = [(inner, outer) for inner, outer in stated if inner not in OBJECTS]
    first, numbers = NUMBER[OBJECTS[0]], iter(range(N_EARLY, N_EARLY + N_NESTS))
    objects = iter(range(N_EARLY))
    early = stated[: N_EARLY + N_NESTS]
    order = [next(objects if thing in OBJECTS else numbers) for thing, _ in early]

    def of(words: list[str]) -> torch.Tensor:
        return torch.tensor([[NUMBER[word] for word in words]])

    told = of([ask for _, _, ask, _ in questions]) - NUMBER[ASK]
    names = [thing for thing, _ in of_objects]
    return Dialogues(
        **common,
        objects=of(names) - first,
        boxes=of([box for _, box in of_objects]),
        inner=of([inner for inner, _ in of_boxes]),
        outer=of([outer for _, outer in of_boxes]),
        order=torch.tensor([order]),
        asked=torch.tensor([[names.index(thing) for *_, thing in questions]]),
        claim=of([claim for _, claim, _, _ in questions]),
        kind=torch.where(common["instructed"][:, None], NEUTRAL, told),
    )


READERS: dict[str, Callable[[str], Any]] = {
    "maze": maze_level,
    "keys": keys_level,
    "tree": tree_problem,
    "language": dialogue,
}
"""World -> reads what `render` draws."""


def _grid(text: str, name: str) -> tuple[str, list[str], dict[str, torch.Tensor]]:
    body, words, common = _parts(text, name)
    walls = torch.tensor([[[cell == "#" for cell in row] for row in body]])
    grid = "".join(body)
    start = torch.tensor([grid.index("S")])
    return grid, words, {"walls": walls, "start": start, **common}


def _parts(text: str, name: str) -> tuple[list[str], list[str], dict[str, torch.Tensor]]:
    """The drawing, the words of the first line below it, and what the other two lines say."""
    *body, first, context, instruct = text.strip("\n").splitlines()
    assert first.split()[0] == name
    return body, first.split()[1:], _common(context, instruct)


def _common(context: str, instruct: str) -> dict[str, torch.Tensor]:
    """What the last two lines of every drawing say."""
    assert [line.split()[0] for line in (context, instruct)] == ["context", "instruct"]
    values = [int(value) for value in context.split()[1:]]
    told = instruct.split()[1] != "none"
    return {"context": torch.tensor([values]), "instructed": torch.tensor([told])}
