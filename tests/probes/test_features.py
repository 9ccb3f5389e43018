"""Activations arrive whole, in order and within the budget, or with a reason why not."""

import weakref
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from probes.linear.features import Block, FeatureError, Features, Reader
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


class Growing(nn.Module):
    """Its output is as wide as the batch, or drops an instance."""

    def __init__(self, *, drops: bool) -> None:
        super().__init__()
        self.drops = drops
        self.inside = nn.Identity()

    def forward(self, rows: Tensor) -> Tensor:
        out: Tensor = self.inside(rows[1:] if self.drops and len(rows) > 1 else rows @ rows.T)
        return out


def twice() -> nn.Sequential:
    """Its only layer runs twice."""
    layer = nn.Linear(3, 3)
    return nn.Sequential(layer, layer)


class Pair(nn.Module):
    def forward(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        return rows, rows


INTEGERS = torch.ones(3, 2, dtype=torch.long)


@pytest.mark.parametrize(
    ("make", "error", "word"),
    [
        (lambda: growing(drops=True), FeatureError, "depend on the batch"),
        (lambda: growing(drops=False), FeatureError, "depend on the batch"),
        (lambda: read_sites(twice(), ROWS, ["0"]), UnknownSite, "more than once"),
        (lambda: read_sites(Pair(), ROWS, [""]), UnknownSite, "gives a tuple"),
        (lambda: features_of(lambda *_: {"a": (ROWS,)}).shape("a"), FeatureError, "a tuple"),
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


def growing(*, drops: bool) -> list[Block]:
    return list(Features.of_network(Growing(drops=drops), ROWS, ["inside"]).blocks("inside"))


def on_network(sites: list[str], rows: Tensor = ROWS, **options: int) -> Features:
    return Features.of_network(network(), rows, sites, **options)


def features_of(reader: Reader) -> Features:
    return Features(reader, n_instances=2, sites=["a"])
