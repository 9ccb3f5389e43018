"""Each control of a probe catches what it is there to catch, and a scan's p-value is honest."""

from collections.abc import Callable
from contextlib import suppress

import pytest
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from organisms.worlds.maze.levels import MazeLevels, MazeSize
from organisms.worlds.maze.maze import Maze
from probes.linear.closed_form import Method
from probes.linear.control import ProbeReading, read_probe
from probes.linear.controlled import (
    ControlledSweep,
    Controls,
    controlled_sweep,
    corrected_p,
    shuffled_within,
)
from probes.linear.features import Features
from probes.linear.folds import Folds, Split
from probes.linear.rows import Rows, TargetError, Targets
from probes.linear.sweep import Fit
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


INSTANCES = MAZE.sample(300, generator=generator())


def read(
    kind: str, target: Tensor | None = None, *, width: int = 40, untrained: str = "noise",
    instances: MazeLevels = INSTANCES, seed: int = 2, test_share: float = 0.3,
) -> ProbeReading:  # fmt: skip
    """What the one site of a network tells of a target: the first slot, unless another is given."""
    suspect = suspect_of(
        Copies(width, kind=kind), MAZE, untrained=lambda g: Copies(width, kind=untrained)
    )
    (reading,) = read_probe(
        suspect, instances=instances, sites=["site"], n_decisions=CELLS, generator=generator(seed),
        target=instances.context[:, 0] if target is None else target, test_share=test_share,
    )  # fmt: skip
    return reading


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
    meaningless = torch.randint(4, (300,), generator=generator(5))
    assert read("instance", meaningless, width=120).accuracy < 0.45


def test_input_control_knows_what_a_token_says() -> None:
    """Cell 0 is one of 16 rows per instance, so the control beats chance only a little."""
    reading = read("noise", INSTANCES.blocked[:, 0].long())
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
    share, found = 1 - 2 / len(instances), set()
    for seed in range(20):
        with suppress(TargetError):  # both training instances are of one class
            reading = read("slot", instances=instances, seed=seed, test_share=share)
            assert (reading.n_train, reading.accuracy) == (2, 1)
            found.add(reading.shuffled_accuracy)
    assert found == {0, 1}


N, POSITIONS, WIDTH, KINDS = 300, 2, 40, 12

LABELS = torch.randint(3, (N,), generator=generator(0))
TYPES = torch.randint(KINDS, (N, POSITIONS), generator=generator(1))
NOISE = torch.randn(N, POSITIONS, WIDTH, generator=generator(2))
TOKENS = torch.nn.functional.one_hot(TYPES, WIDTH).float()


def holding(labels: Tensor) -> Tensor:
    """Noise with the label at both positions."""
    return NOISE + 3 * torch.nn.functional.one_hot(labels, WIDTH).float()[:, None]


def swept(
    sites: dict[str, Tensor], controls: Controls, *, labels: Tensor = LABELS, pooled: bool = True
) -> ControlledSweep:
    folds = Folds.draw(N, count=3, generator=generator(3))
    rows = Rows.choose(Features.given(sites), Targets.of({"label": labels}), folds, pooled=pooled)
    return controlled_sweep(
        rows, fit=Fit(method=Method.lda, alpha=10.0), controls=controls, generator=generator(4)
    )


FEW = Controls(n_shuffles=19, n_directions=50)


def test_what_is_there_is_found_and_what_is_not_there_is_not() -> None:
    found = swept({"with": holding(LABELS), "without": NOISE}, FEW)
    with_it, without = found.sweep.accuracy[:, 0, 0].tolist()
    assert with_it > 0.9
    assert without == pytest.approx(1 / 3, abs=0.08)
    assert found.p_value[:, 0, 0].tolist() == [pytest.approx(0.05), pytest.approx(1, abs=0.9)]
    assert found.p_value[1, 0, 0] > 0.05
    assert found.shuffled.flatten().tolist() == [pytest.approx(1 / 3, abs=0.04)] * 2
    # a random direction of forty sees little of three
    assert 0.36 < float(found.random_direction[0, 0, 0]) < 0.7
    for not_asked in (found.untrained, found.inputs, found.selectivity):
        assert bool(not_asked.isnan().all())


def test_an_untrained_network_and_the_input_show_what_they_give_away() -> None:
    untrained = Features.given({"with": holding(LABELS), "without": NOISE})
    inputs = Features.given({"tokens": TOKENS})
    sites = {"with": NOISE, "without": holding(LABELS)}
    controls = Controls(untrained=untrained, inputs=inputs, n_shuffles=9, n_directions=5)
    thirds = (TYPES[:, 0] < 4).long() + (TYPES[:, 0] < 8).long()
    found = swept(sites, controls, labels=thirds)
    assert found.inputs.shape == found.sweep.accuracy.shape
    # one of the two positions has the token that says it all
    assert bool((found.inputs > 0.6).all())
    labelled = swept(sites, Controls(untrained=untrained, n_shuffles=9))
    assert labelled.untrained[0].min() > 0.9 > labelled.untrained[1].max()


def test_the_control_task_exposes_a_site_that_spells_out_its_input() -> None:
    """With the token one-hot, any labelling of tokens is learned: no selectivity."""
    spelled = torch.cat([TOKENS[..., :KINDS] * 5, holding(LABELS)], dim=2)
    controls = Controls(types=TYPES, n_shuffles=5, n_directions=5)
    found = swept({"label only": holding(LABELS), "input too": spelled}, controls)
    assert found.control_task[1].max() > 0.95 > 0.75 > found.control_task[0].max()
    assert found.selectivity[0].min() > 0.2 > 0.1 > found.selectivity[1].max()
    assert bool((found.sweep.accuracy > 0.9).all())


def test_a_position_with_one_kind_of_input_has_no_control_task() -> None:
    types = TYPES.clone()
    types[:, 0] = 0
    controls = Controls(types=types, n_shuffles=5, n_directions=5)
    found = swept({"site": holding(LABELS)}, controls, pooled=False)
    assert found.control_task[0, :, 0].isnan().tolist() == [True, False]


def test_shuffles_keep_folds_and_move_labels() -> None:
    folds = torch.arange(30) % 3
    order = shuffled_within(folds, generator=generator(5))
    assert torch.equal(folds[order], folds)
    assert sorted(order.tolist()) == list(range(30))
    assert (order != torch.arange(30)).sum() > 15


def test_the_corrected_p_value_by_hand() -> None:
    """One target, two sites: the shuffles' best are .6, .5 and .9."""
    null = torch.tensor([[0.6, 0.4], [0.5, 0.5], [0.3, 0.9]])[..., None, None]
    p = corrected_p(torch.tensor([0.7, 0.55])[:, None, None], null)
    assert p.flatten().tolist() == [pytest.approx(2 / 4), pytest.approx(3 / 4)]


def test_a_constant_target_of_the_scan_does_not_hide_another() -> None:
    null = torch.stack([torch.full((9, 1, 1), 0.9), torch.linspace(0.3, 0.4, 9)[:, None, None]], 3)
    p = corrected_p(torch.tensor([[[0.9, 0.8]]]), null)
    assert p.flatten().tolist() == [1.0, pytest.approx(0.1)]


def test_under_the_null_the_best_of_a_scan_is_called_as_rarely_as_promised() -> None:
    """300 scans of 3 sites x 4 positions x 2 targets with correlated sites, alpha = 1/5."""
    alarms = naive = 0
    scans, shuffles = 300, 19
    for seed in range(scans):
        stream = generator(seed)
        shared = torch.randn(shuffles + 1, 1, 4, 2, generator=stream)
        scan = shared + torch.randn(shuffles + 1, 3, 4, 2, generator=stream)
        scan = 0.5 + 0.1 * scan * torch.tensor([1.0, 3.0])
        alarms += bool((corrected_p(scan[0], scan[1:]) <= 0.2).any())
        single = (1 + (scan[1:] >= scan[0]).sum(dim=0)) / (shuffles + 1)
        naive += bool((single <= 0.2).any())
    spread = (0.2 * 0.8 / scans) ** 0.5
    assert alarms / scans == pytest.approx(0.2, abs=3 * spread)
    assert naive / scans > 0.8


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: Controls(n_shuffles=0), "shuffle"),
        (lambda: Controls(inputs=Features.given({"a": NOISE, "b": NOISE})), "one site"),
        (lambda: corrected_p(torch.zeros(1, 1, 1), torch.zeros(0, 1, 1, 1)), "shuffle"),
        (lambda: corrected_p(torch.full((1, 1, 1), torch.nan), torch.zeros(2, 1, 1, 1)), "numbers"),
    ],
)
def test_impossible_controls_are_refused(make: Callable[[], object], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        make()
