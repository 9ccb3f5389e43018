"""Activations arrive whole, in order and within the budget, or with a reason why not."""

import weakref
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from probes.linear.features import Block, FeatureError, Features
from probes.network.capture import UnknownSite, read_sites
from scripted import generator

ROWS = torch.randn(50, 3, generator=generator())
WIDE = 8


def network() -> nn.Sequential:
    net = nn.Sequential(nn.Linear(3, WIDE), nn.ReLU(), nn.Linear(WIDE, 2))
    stream = generator()
    for weights in net.parameters():
        nn.init.normal_(weights, generator=stream)
    return net


def gathered(features: Features, site: str) -> Tensor:
    blocks = list(features.blocks(site))
    assert [block.start for block in blocks] == [
        sum(len(b.rows) for b in blocks[:number]) for number in range(len(blocks))
    ]
    return torch.cat([block.rows for block in blocks])


# one instance takes 32 bytes at each of two sites; half of the budget is kept, half is read
# all kept; one site of two kept at a time, re-read when asked for in turn; 7 instances; 1
@pytest.mark.parametrize(
    ("budget", "passes"), [(2**20, 1), (2 * 50 * 32, 4), (64 * 7, 4 * 8), (64, 4 * 50)]
)
def test_any_budget_gives_the_same_rows_and_costs_the_passes_it_says(
    budget: int, passes: int
) -> None:
    net, ran = network(), []
    net.register_forward_pre_hook(lambda module, inputs: ran.append(len(inputs[0])))
    features = Features.of_network(net, ROWS, ["0", "1"], budget=budget)
    assert features.shape("0") == (1, WIDE)
    with torch.no_grad():
        wanted = net[0](ROWS)
    ran.clear()
    for _ in range(2):
        assert torch.allclose(gathered(features, "0")[:, 0], wanted, atol=1e-6)
        assert torch.allclose(gathered(features, "1")[:, 0], wanted.relu(), atol=1e-6)
    assert len(ran) == passes
    assert features.keeps("0") == (budget >= 3200)


def test_no_more_than_the_budget_is_alive() -> None:
    alive: dict[int, int] = {}
    most = 0

    def reader(part: slice, sites: list[str]) -> dict[str, Tensor]:
        nonlocal most
        read = {}
        for site in sites:
            rows = torch.full((part.stop - part.start, 4, 16), float(part.start))
            number = id(rows)
            alive[number] = rows.numel() * 4
            weakref.finalize(rows, alive.pop, number)
            read[site] = rows
        most = max(most, sum(alive.values()))
        return read

    budget = 10 * 4 * 16 * 4
    features = Features(reader, n_instances=200, sites=["a"], budget=budget)
    assert sum(len(block.rows) for block in features.blocks("a")) == 200
    assert 0 < most <= budget


def test_heads_count_as_width_and_a_missing_position_as_one() -> None:
    given = Features.given({"z": torch.randn(5, 4, 2, 3), "x": torch.randn(5, 7)})
    assert (given.shape("z"), given.shape("x")) == ((4, 6), (1, 7))
    assert gathered(given, "z").shape == (5, 4, 6)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
def test_activations_that_are_no_numbers_name_site_and_instance(bad: float) -> None:
    rows = torch.full((20, 2, 3), 3e38)  # numbers, although their sum overflows
    assert torch.equal(gathered(Features.given({"here": rows}), "here"), rows)
    rows[13, 1, 2] = bad
    with pytest.raises(FeatureError, match=r"'here'.*13"):
        list(Features.given({"here": rows}).blocks("here"))


class Answers(nn.Module):
    """Says a function of the rows."""

    def __init__(self, answer: Callable[[Tensor], Tensor | tuple[Tensor, ...]]) -> None:
        super().__init__()
        self.forward = answer


def blocks_of(answer: Callable[[Tensor], Tensor]) -> list[Block]:
    return list(Features.of_network(Answers(answer), ROWS, [""]).blocks(""))


def on_network(sites: list[str], rows: Tensor = ROWS, **options: int) -> Features:
    return Features.of_network(network(), rows, sites, **options)


def drops(rows: Tensor) -> Tensor:
    return rows[1:] if len(rows) > 1 else rows


TWICE = nn.Sequential(*[nn.Linear(3, 3)] * 2)
PAIR = Answers(lambda rows: (rows, rows))
TUPLE = Features(lambda *_: {"a": (ROWS,)}, n_instances=2, sites=["a"])
INTEGERS = torch.ones(3, 2, dtype=torch.long)


@pytest.mark.parametrize(
    ("make", "error", "word"),
    [
        (lambda: blocks_of(lambda rows: rows @ rows.T), FeatureError, "on the batch"),
        (lambda: blocks_of(drops), FeatureError, "on the batch"),
        (lambda: read_sites(TWICE, ROWS, ["0"]), UnknownSite, "more than once"),
        (lambda: read_sites(PAIR, ROWS, [""]), UnknownSite, "gives a tuple"),
        (lambda: TUPLE.shape("a"), FeatureError, "a tuple"),
        (lambda: Features.given({"a": INTEGERS}).shape("a"), FeatureError, "torch.int64"),
        (lambda: on_network(["nowhere"]).shape("nowhere"), UnknownSite, "no site 'nowhere'"),
        (lambda: on_network([]), FeatureError, "at least one"),
        (lambda: on_network(["0", "0"]), FeatureError, "none twice"),
        (lambda: on_network(["0"], ROWS[:0]), FeatureError, "need instances"),
        (lambda: list(on_network(["0"], budget=40).blocks("0")), FeatureError, "raise it"),
        (lambda: Features.given({"a": ROWS, "b": ROWS[1:]}), FeatureError, "different numbers"),
    ],
)
def test_sites_without_one_meaning_are_refused(
    make: Callable[[], object], error: type[Exception], word: str
) -> None:
    with pytest.raises(error, match=word):
        make()
