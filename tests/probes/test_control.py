"""A probe's controls: each is caught doing what it is there to catch."""

from contextlib import suppress

import pytest
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from organisms.worlds.maze.levels import MazeLevels, MazeSize
from organisms.worlds.maze.maze import Maze
from probes.linear.control import ProbeReading, read_probe
from probes.linear.folds import Split
from probes.linear.rows import TargetError
from scripted import generator, suspect_of

MAZE = Maze(MazeSize(side=4, n_slots=3, n_values=4, n_glyphs=2))
CELLS = 16


class Copies(nn.Module):
    """Its one site holds a function of the tokens at every cell."""

    def __init__(self, width: int, *, kind: str) -> None:
        super().__init__()
        self.width, self.kind = width, kind
        self.site = nn.Identity()

    def forward(
        self, tokens: Int[Tensor, "batch position channel"]
    ) -> Float[Tensor, "batch cell action"]:
        if self.kind == "slot":  # the first context slot, broadcast to every cell
            memory = nn.functional.one_hot(tokens[:, CELLS, 0], self.width).float()[:, None]
            memory = memory.expand(-1, CELLS, -1)
        elif self.kind == "instance":  # a fingerprint of the instance, nothing else
            mixing = torch.randn(tokens[0].numel(), self.width, generator=generator(9))
            memory = (tokens.flatten(1).float() @ mixing).sin()[:, None].expand(-1, CELLS, -1)
        else:
            memory = torch.randn(len(tokens), CELLS, self.width, generator=generator(8))
        return self.site(memory.clone())[:, :, :5]


def read_site(
    network: nn.Module, untrained: nn.Module, instances: MazeLevels, target: Tensor, *,
    seed: int = 2, test_share: float = 0.3,
) -> ProbeReading:  # fmt: skip
    """What the one site of a network tells of a target."""
    suspect = suspect_of(network, MAZE, untrained=lambda g: untrained)
    (reading,) = read_probe(
        suspect, instances=instances, target=target, sites=["site"],
        n_decisions=CELLS, generator=generator(seed), test_share=test_share,
    )  # fmt: skip
    return reading


def read(
    kind: str, target: str = "slot", width: int = 40, untrained: str = "noise"
) -> ProbeReading:
    instances = MAZE.sample(300, generator=generator())
    labels = {
        "slot": instances.context[:, 0],
        "random": torch.randint(4, (300,), generator=generator(5)),
        "wall": instances.blocked[:, 0].long(),
    }[target]
    return read_site(Copies(width, kind=kind), Copies(width, kind=untrained), instances, labels)


def test_information_in_the_site_is_read_and_no_control_has_it() -> None:
    reading = read("slot")
    assert reading.accuracy == 1
    for control in ("shuffled_accuracy", "untrained_accuracy", "input_accuracy", "chance"):
        assert getattr(reading, control) < 0.45
    assert (reading.n_train, reading.n_test) == (210, 90)


def test_untrained_control_shows_what_the_architecture_gives_away() -> None:
    assert read("slot", untrained="slot").untrained_accuracy == 1


def test_split_keeps_all_rows_of_an_instance_together() -> None:
    """Rows of one instance are copies: a split by row would score 1 on labels that mean nothing."""
    reading = read("instance", target="random", width=120)
    assert reading.accuracy < 0.45


def test_input_control_knows_what_a_token_says() -> None:
    """Cell 0 is one of 16 rows per instance, so the control beats chance only a little."""
    reading = read("noise", target="wall")
    assert reading.chance < reading.input_accuracy <= 1
    assert reading.accuracy == pytest.approx(reading.chance, abs=0.1)


def test_halves_are_disjoint_and_complete() -> None:
    split = Split.draw(50, test_share=0.3, generator=generator())
    assert sorted([*split.train.tolist(), *split.test.tolist()]) == list(range(50))
    assert len(split.test) == 15


def test_shuffled_labels_are_trained_on_and_never_tested_on() -> None:
    """Two training instances of two classes: swapping their labels makes every answer wrong."""
    instances = MAZE.sample(60, generator=generator())
    instances = instances[instances.context[:, 0] < 2]
    found = set()
    for seed in range(20):
        with suppress(TargetError):  # both training instances are of one class
            networks = Copies(40, kind="slot"), Copies(40, kind="noise")
            target, share = instances.context[:, 0], 1 - 2 / len(instances)
            reading = read_site(*networks, instances, target, seed=seed, test_share=share)
            assert reading.n_train == 2
            assert reading.accuracy == 1
            found.add(reading.shuffled_accuracy)
    assert found == {0, 1}
