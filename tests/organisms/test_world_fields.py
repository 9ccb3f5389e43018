"""What edits change and what networks see, field by field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
import torch

from organisms.worlds.batch import joined
from organisms.worlds.keys.levels import KeysSize
from organisms.worlds.keys.shifts import LevelDistribution as KeysDistribution
from organisms.worlds.language.dialogues import LanguageSize
from organisms.worlds.language.shifts import DialogueDistribution
from organisms.worlds.maze.levels import MazeSize
from organisms.worlds.maze.shifts import LevelDistribution
from organisms.worlds.regression.problems import RegressionSize
from organisms.worlds.regression.shifts import ProblemDistribution
from organisms.worlds.table import WORLDS
from organisms.worlds.tree.problems import TreeSize
from organisms.worlds.tree.shifts import TreeDistribution
from scripted import generator
from worlds import READERS, differing, usual_world

EDITED = {
    "maze": "move_coin: coin, move_gem: gem, recolour: coin_colour gem_colour, move_walls: walls",
    "keys": "move_key: keys lit, move_chest: chests lit, move_gem: gem lit, "
    "change_inventory: held, switch_lights: lit, move_walls: walls",
    "tree": "move_goal: goal, move_decoy: decoy, rewire: parent, shuffle_edges: order, "
    "relabel: parent order goal decoy root",
    "regression": "move_query: query, reorder_pairs: inputs labels, relabel_pair: labels, "
    "redraw_function: labels, redraw_leak: leak",
    "language": "change_claim: claim, move_objects: boxes, flip_nesting: outer, "
    "reorder: objects boxes asked inner outer order, rename_objects: objects, "
    "rename_boxes: boxes inner outer claim",
}
"""World -> its edits, each with the fields that it changes."""
UNSEEN = {"maze": {"start"}, "keys": {"start"}}
"""World -> fields that the tokens do not hold."""
UNTOLD = {"language": "kind"}
"""World -> field that the tokens do not hold where the instruct token is given in its place."""
SAME_PROBLEM = {
    "maze": {"start", "coin_glyph", "gem_glyph"},
    "keys": {"start"},
    "tree": {"order", "root"},
}
"""World -> fields in which instances may differ and still be one problem."""
VARIED: dict[str, Any] = {
    "maze": LevelDistribution(placement="anywhere", colouring="independent"),
    "keys": KeysDistribution(stock="one_each", lighting="independent"),
    "tree": TreeDistribution(goal="any", gate="any", listing="shuffled"),
    "regression": ProblemDistribution(query="anywhere", leak="independent"),
    "language": DialogueDistribution(claims_right=0.5, nested=0.5, asked="any", kinds=True),
}
"""World -> a distribution in which all fields vary."""


def varied(name: str, n: int) -> Any:
    return usual_world(name).sample_from(VARIED[name], n, generator=generator())


@pytest.mark.parametrize("name", WORLDS)
def test_an_edit_changes_its_own_fields_and_nothing_else(name: str) -> None:
    place, before = usual_world(name), varied(name, 200)
    rows = [row.split(": ") for row in f"change_context: context, {EDITED[name]}".split(", ")]
    assert set(place.edits) == {edit for edit, _ in rows}
    for edit, changed in rows:
        after = place.edit(edit, before, generator=generator(1))
        assert differing(before, after) == set(changed.split()), edit


@pytest.mark.parametrize("name", ["maze", "keys"])
def test_moving_walls_moves_one_wall_or_none(name: str) -> None:
    before = varied(name, 200)
    after = usual_world(name).edit("move_walls", before, generator=generator(1))
    moved = (before.walls != after.walls).flatten(1).sum(1)
    assert set(moved.tolist()) == {0, 2}
    assert (moved == 2).float().mean() > 0.3


@pytest.mark.parametrize("name", WORLDS)
def test_tokens_and_fingerprints_change_with_every_field_but_those_named(name: str) -> None:
    """Each field in turn is taken from another instance of the batch."""
    place, instances = usual_world(name), varied(name, 100)
    tokens, keys = place.tokens(instances), instances.fingerprints()
    for field in (f.name for f in fields(instances)):
        value = getattr(instances, field)
        other = replace(instances, **{field: value.roll(1, 0)})
        changed = (value != value.roll(1, 0)).reshape(100, -1).any(1)
        if field == UNTOLD.get(name):
            changed &= ~instances.instructed
        assert changed.any()
        seen = changed & (field not in UNSEEN.get(name, ()))
        assert torch.equal((tokens != place.tokens(other)).flatten(1).any(1), seen), field
        new = changed & (field not in {"context", *SAME_PROBLEM.get(name, ())})
        found = [a != b for a, b in zip(keys, other.fingerprints(), strict=True)]
        assert found == new.tolist(), field


@pytest.mark.parametrize("name", WORLDS)
def test_batches_are_cut_and_joined_again(name: str) -> None:
    whole = varied(name, 6)
    parts = [whole[:2], whole[torch.tensor([2, 3])], whole[torch.arange(6) > 3]]
    assert not differing(joined(parts), whole)
    with pytest.raises(ValueError, match="got none"):
        joined([])


@pytest.mark.parametrize("name", READERS)
def test_drawings_tell_everything(name: str) -> None:
    place, instances = usual_world(name), varied(name, 30)
    for index in range(30):
        again, one = READERS[name](place.render(instances, index)), instances[index : index + 1]
        untold = {UNTOLD[name]} if name in UNTOLD and one.instructed else set()
        assert differing(again, one) <= untold


REFUSED: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "side must lie in .4, 64": (MazeSize, {"side": 3}),
    "side must lie in .5, 64": (KeysSize, {"side": 4}),
    "n_nodes must lie in": (TreeSize, {"n_nodes": 4}),
    "n_pairs must lie in .5, 4096., got 4": (RegressionSize, {"n_pairs": 4}),
    "n_slots must lie in .1, 8., got 9": (LanguageSize, {"n_slots": 9}),
    "claims_right must lie in": (DialogueDistribution, {"claims_right": 1.5}),
    "wall_density must lie in": (LevelDistribution, {"wall_density": 0.7}),
    "recoloured must lie": (LevelDistribution, {"recoloured": 1.5}),
    "needs passage 'pocket'": (LevelDistribution, {"placement": "pocket"}),
    "'far' or 'anywhere'": (LevelDistribution, {"placement": "near", "gem_placement": "before"}),
    "wall_count": (LevelDistribution, {"wall_count": (5, 3)}),
    "needed_share must lie in": (KeysDistribution, {"needed_share": -0.1}),
    "depth_bias must lie in": (TreeDistribution, {"depth_bias": 3.0}),
    "can need the same node": (TreeDistribution, {"goal": "elsewhere", "gate": "off_way"}),
    "off_last must lie in": (ProblemDistribution, {"off_last": 1.5}),
    "a gap needs off_last=1": (ProblemDistribution, {"off_last": 0.5, "gap": 0.5}),
}


@pytest.mark.parametrize("message", REFUSED)
def test_impossible_sizes_and_distributions_are_refused(message: str) -> None:
    kind, options = REFUSED[message]
    with pytest.raises(ValueError, match=message):
        kind(**options)
