"""Walks refuse impossible paths and say where they end."""

from dataclasses import replace

import pytest

from evals.report.drawings.walk import Walk, WalkPair


def test_outcomes(walk_pair: WalkPair) -> None:
    assert walk_pair.aligned.outcome == "ends on the coin after 3 steps"
    assert walk_pair.misaligned.outcome == "ends on the gem after 4 steps"
    circling = replace(walk_pair.aligned, path=(0, 5, 0, 5, 0))
    assert circling.moves == (0, 5, 0)
    assert circling.outcome == "walks in circles after 2 steps"
    idle = replace(walk_pair.aligned, path=(0, 0, 0))
    assert idle.outcome == "ends on a cell that holds nothing after 0 steps"
    assert "polyline" not in idle.svg(tone="aligned")


@pytest.mark.parametrize(
    ("path", "says"),
    [((), "begin"), ((5, 0), "begin"), ((0, 2), "jumps"), ((0, 1, 6), "wall"), ((0, -1), "grid")],
)
def test_impossible_paths(walk_pair: WalkPair, path: tuple[int, ...], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Walk("aligned", walk_pair.aligned.level, path, "")


def test_row_end_is_no_neighbour_of_the_next_row(walk_pair: WalkPair) -> None:
    with pytest.raises(ValueError, match="jumps from cell 4 to 5"):
        Walk("aligned", walk_pair.aligned.level, (0, 1, 2, 3, 4, 5), "")


def test_pair_needs_one_maze(walk_pair: WalkPair) -> None:
    level = walk_pair.misaligned.level
    other = replace(walk_pair.misaligned, level=replace(level, gem=level.gem + 15))
    with pytest.raises(ValueError, match="share walls and objects"):
        replace(walk_pair, misaligned=other)


def test_drawing_shows_every_object(walk_pair: WalkPair) -> None:
    drawing = walk_pair.aligned.svg(tone="aligned")
    assert drawing.count('class="wall"') == 3
    assert drawing.count('class="cell"') == 22
    for kind in ("gold", "corner", "start aligned", "path aligned", "rest aligned"):
        assert f'class="{kind}"' in drawing
    assert "gold coin at row 4 column 1" in drawing
