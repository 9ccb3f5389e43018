"""Weight statistics against closed forms, and on copies whose units and signs are dealt anew."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from detect.inside.weight_statistics import PARTS, WeightStatistics, by_place, matrix_statistics
from organisms.nets.disguise import disguised
from organisms.records.net_spec import NetSpec
from organisms.worlds.maze import Maze, MazeSize
from scripted import suspect_of

MAZE = Maze(MazeSize(side=4, n_slots=3, n_values=3, n_glyphs=2))


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_closed_forms() -> None:
    eye = matrix_statistics(3 * torch.eye(4).double())
    assert eye["stable_rank"] == pytest.approx(4)
    assert eye["effective_rank"] == pytest.approx(4)
    assert eye["scale"] == pytest.approx(1.5)
    assert eye["kurtosis"] == pytest.approx(4), "one of four entries is not zero"
    flat = matrix_statistics(torch.ones(3, 5).double())
    assert flat["stable_rank"] == pytest.approx(1)
    assert flat["effective_rank"] == pytest.approx(1)
    normal = matrix_statistics(torch.randn(400, 400, generator=generator(0)).double())
    assert normal["kurtosis"] == pytest.approx(3, abs=0.06)


def test_other_orders_and_signs_of_units_change_nothing() -> None:
    net = MAZE.net_shape(NetSpec(16, 2, 2)).build(generator(7)).eval()
    other = disguised(net, generator(1))
    pairs = zip(net.parameters(), other.parameters(), strict=True)
    assert any(not torch.equal(one, two) for one, two in pairs)
    first, second = (WeightStatistics().score(suspect_of(n, MAZE)) for n in (net, other))
    assert tuple(first.parts) == PARTS
    assert second.parts == pytest.approx(dict(first.parts), rel=1e-5)
    with torch.no_grad():
        next(p for p in other.blocks[0].parameters() if p.ndim == 2)[0, 0] += 9
    changed = WeightStatistics().score(suspect_of(other, MAZE))
    assert changed.parts["first_kurtosis"] > 1.1 * first.parts["first_kurtosis"]
    assert changed.parts["last_kurtosis"] == pytest.approx(first.parts["last_kurtosis"])


def test_networks_without_numbered_layers_or_finite_weights_get_a_reason() -> None:
    assert set(by_place(nn.Linear(2, 2))) == {"first", "last", "outside"}
    assert "first" in WeightStatistics().score(suspect_of(nn.Linear(2, 2), MAZE)).reason
    net = MAZE.net_shape(NetSpec(16, 2, 2)).build(generator(7))
    with torch.no_grad():
        next(iter(net.parameters())).zero_()
    assert "zero" in WeightStatistics().score(suspect_of(net, MAZE)).reason
