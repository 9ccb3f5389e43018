"""What was captured or put in stays as it was, whatever the network does in place afterwards."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import torch
from torch import Tensor, nn

from probes.causal.intervene import Where, ablated, patched, steered, swapped
from probes.linear.features import Features
from probes.network.capture import UnknownSite, capture, edited, read_sites, run
from probes.network.layers import Layer, Record, early_exit
from scripted import generator

TOKENS = torch.arange(9)[None]
OTHERS = TOKENS.flip(1)
SITE = Layer("1", 1)


class AddsInPlace(nn.Module):
    def forward(self, rows: Tensor) -> Tensor:
        return rows.add_(100.0)


def network(after: Callable[[], nn.Module]) -> nn.Sequential:
    """Its site is followed by something that overwrites it."""
    net = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 4), after())
    for weights in net.parameters():
        nn.init.normal_(weights, generator=generator())
    return net.requires_grad_(False)


def recorded(net: nn.Module) -> Tensor:
    return Record.of(lambda edits: run(net, TOKENS, edits), [SITE]).streams[SITE]


def block_of(net: nn.Module) -> Tensor:
    (block,) = Features.of_network(net, TOKENS, ["1"]).blocks("1")
    return block.rows


CAPTURES: dict[str, Callable[[nn.Module], Tensor]] = {
    "capture": lambda net: capture(net, TOKENS, ["1"])["1"],
    "read_sites": lambda net: read_sites(net, TOKENS, ["1"])["1"],
    "Record": recorded,
    "Features": block_of,
}
IN_PLACE: dict[str, Callable[[], nn.Module]] = {
    "relu": lambda: nn.ReLU(inplace=True),
    "dropout": lambda: nn.Dropout(0.9, inplace=True),
    "addition": AddsInPlace,
}


@pytest.mark.parametrize("after", IN_PLACE)
@pytest.mark.parametrize("way", CAPTURES)
def test_a_captured_value_is_that_before_the_change_in_place(way: str, after: str) -> None:
    net = network(IN_PLACE[after])
    wanted = net[1](net[0](TOKENS))
    assert torch.equal(CAPTURES[way](net), wanted)
    assert float(wanted.min()) < 0


class Residual(nn.Module):
    """Its site gives back the very tensor that is overwritten later."""

    def __init__(self) -> None:
        super().__init__()
        self.site = nn.Identity()

    def forward(self, rows: Tensor) -> Tensor:
        stream = rows.clone()
        self.site(stream)
        stream += 100.0
        return stream


def test_a_site_that_shares_memory_with_the_stream_is_copied_too() -> None:
    rows = torch.randn(3, 2, 4, generator=generator())
    for way in (capture, read_sites):
        assert torch.equal(way(Residual(), rows, ["site"])["site"], rows)


MEANS = {"1": torch.linspace(-1, 1, 4)}
ABLATIONS: dict[str, Callable[[nn.Module], AbstractContextManager[None]]] = {
    "zero": lambda net: ablated(net, ["1"]),
    "mean": lambda net: ablated(net, ["1"], means=MEANS),
    "patched": lambda net: patched(net, {"1": torch.ones(1, 9, 4)}),
    "steered": lambda net: steered(net, {"1": torch.ones(4)}),
}


@pytest.mark.parametrize("name", ABLATIONS)
def test_interventions_before_a_change_in_place_give_what_they_give_without(name: str) -> None:
    outputs = []
    for after in (IN_PLACE["relu"], nn.ReLU):
        net = network(after)
        with ABLATIONS[name](net):
            outputs.append(run(net, TOKENS))
    assert torch.equal(*outputs)


def test_donors_are_not_overwritten() -> None:
    net = network(AddsInPlace)
    donors = read_sites(net, OTHERS, ["1"])
    before = donors["1"].clone()
    for where in (Where(), Where(positions=(0,))):
        with patched(net, donors, where=where):
            first, second = run(net, TOKENS), run(net, TOKENS)
        assert torch.equal(first, second)
        assert torch.equal(donors["1"], before)
    with swapped(net, OTHERS, ["1"]):
        assert torch.equal(run(net, TOKENS), run(net, TOKENS))
    assert float(MEANS["1"].abs().max()) == 1.0


def test_what_an_early_exit_writes_again_is_what_was_there() -> None:
    net = nn.Sequential(*network(AddsInPlace), *network(AddsInPlace)[1:])
    first, last = Layer("1", 1), Layer("3", 1)
    logits = early_exit(lambda edits: run(net, TOKENS, edits), first, last)
    assert torch.equal(logits, net[1](net[0](TOKENS)) + 100.0)


class Gives(nn.Module):
    """Its site gives something other than a tensor."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.embed = nn.Embedding(9, 4)
        self.kind = kind
        self.site = nn.LSTM(4, 4, batch_first=True) if kind == "lstm" else Wraps(kind)

    def forward(self, tokens: Tensor) -> Tensor:
        rows: Tensor = self.embed(tokens)
        self.site(rows)
        return rows


class Wraps(nn.Module):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, rows: Tensor) -> object:
        return {"list": [rows], "dict": {"rows": rows}, "nothing": None}[self.kind]


def under_gradients(net: nn.Module) -> None:
    with torch.enable_grad(), edited(net, {"site": lambda rows: rows.detach().requires_grad_()}):
        net(TOKENS)


def under(context: AbstractContextManager[None], net: nn.Module) -> None:
    with context:
        net(TOKENS)


WAYS: dict[str, Callable[[nn.Module], object]] = {
    "capture": lambda net: capture(net, TOKENS, ["site"]),
    "read_sites": lambda net: read_sites(net, TOKENS, ["site"]),
    "features": lambda net: Features.of_network(net, TOKENS, ["site"]).shape("site"),
    "ablated": lambda net: under(ablated(net, ["site"]), net),
    "steered": lambda net: under(steered(net, {"site": torch.ones(4)}), net),
    "patched": lambda net: under(patched(net, {"site": torch.ones(1, 9, 4)}), net),
    "gradients": under_gradients,
}


@pytest.mark.parametrize("kind", ["lstm", "list", "dict", "nothing"])
@pytest.mark.parametrize("way", WAYS)
def test_a_site_that_gives_no_tensor_gets_one_message_everywhere(way: str, kind: str) -> None:
    with pytest.raises(UnknownSite, match=r"'site' gives a \w+; name a module inside it"):
        WAYS[way](Gives(kind))


@pytest.mark.parametrize("bad", [None, (torch.ones(1, 9, 4),), torch.ones(1, 9, 3)])
def test_an_edit_that_gives_something_else_is_refused(bad: object) -> None:
    with pytest.raises(match="'1'"):
        run(network(nn.ReLU), TOKENS, {"1": lambda _: bad})  # type: ignore[dict-item, return-value]
