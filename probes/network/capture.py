"""Read or replace activations at named sites of any module, in bounded batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor, nn

from probes.errors import MesascopeError

BATCH = 1024
"""Instances per forward pass; bounds memory, never changes a result."""

Edit = Callable[[Tensor], Tensor]
"""Maps the activation at a site to its replacement, of the same shape."""


HEADS_FIRST = ("hook_pattern", "hook_attn_scores")
"""Sites of shape (batch, head, query, key), by TransformerLens convention."""

POSITIONS_FIRST = ("hook_q", "hook_k", "hook_v", "hook_z", "hook_result", "q", "k", "v", "z")
"""Sites of four axes that have positions second all the same: (batch, position, head, width)."""


class UnknownSite(MesascopeError, KeyError):
    """A name that does not stand for one activation of the network."""


class EditError(MesascopeError, ValueError):
    """An edit whose result cannot stand in the place of the activation."""


def position_axis(site: str, activation: Tensor) -> int | None:
    """Which axis of a site's activations runs over positions; None where nothing tells.

    With three axes it is the second: (batch, position, width). With more it depends on the last
    word of the name, because attention has heads in that place at some sites.
    """
    name = site.rpartition(".")[2]
    if activation.ndim == 3 or (activation.ndim > 3 and name in POSITIONS_FIRST):
        return 1
    return 2 if activation.ndim > 3 and name in HEADS_FIRST else None


@contextmanager
def edited(network: nn.Module, edits: Mapping[str, Edit]) -> Iterator[None]:
    """Replace the output of each named module while the block runs; always removes the hooks.

    Raises:
        UnknownSite: a name is not a module of the network, or the module did not run in the block,
            or gives something other than a tensor.
        EditError: an edit returns no tensor, or another shape than it was given.
    """
    modules = dict(network.named_modules())
    missing = sorted(set(edits) - set(modules))
    if missing:
        raise UnknownSite(f"no site {missing[0]!r}; sites are {sorted(n for n in modules if n)}")

    def hook_for(
        site: str, edit: Edit
    ) -> Callable[[nn.Module, tuple[Tensor, ...], object], Tensor]:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: object) -> Tensor:
            ran.add(site)
            if not isinstance(output, Tensor):
                raise UnknownSite(
                    f"site {site!r} gives a {type(output).__name__}; name a module inside it"
                )
            replaced = edit(output)
            if not isinstance(replaced, Tensor) or replaced.shape != output.shape:
                came = tuple(replaced.shape) if isinstance(replaced, Tensor) else repr(replaced)
                raise EditError(
                    f"the edit at {site!r} returned shape {came}, wanted a tensor of shape "
                    f"{tuple(output.shape)}"
                )
            # What comes next may work in place, and must not reach what the edit still holds.
            # An expanded tensor refuses that itself, and gradients know what was overwritten.
            own = replaced is output or replaced.requires_grad or 0 in replaced.stride()
            return replaced if own else replaced.clone()

        return hook

    ran: set[str] = set()
    handles = [
        modules[site].register_forward_hook(hook_for(site, edit)) for site, edit in edits.items()
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
    if silent := sorted(set(edits) - ran):
        raise UnknownSite(f"site {silent[0]!r} did not run, so nothing was read or replaced there")


def at_least_single(activation: Tensor) -> Tensor:
    """Floating-point numbers as they are, those of half precision and less as single ones.

    Sums over many rows, and differences of numbers far from 0, need more digits than half
    precision has. Every number is kept exactly; other types are left alone.
    """
    if not activation.is_floating_point() or activation.dtype is torch.float64:
        return activation
    return activation.float()


@torch.no_grad()
def run(network: nn.Module, tokens: Tensor, edits: Mapping[str, Edit] | None = None) -> Tensor:
    """Outputs of the network for every instance, under edits if any.

    Every edit sees the activations of at most `BATCH` instances at a time.
    """
    with edited(network, edits or {}):
        return torch.cat([network(chunk) for chunk in torch.split(tokens, BATCH)])


def capture(
    network: nn.Module, tokens: Tensor, sites: Sequence[str]
) -> dict[str, Float[Tensor, "batch ..."]]:
    """Activations at every site for every instance, on the cpu, in single precision at least.

    They are copies: what the network does in place afterwards does not reach them.

    Raises:
        UnknownSite: a name is not a module of the network.
    """
    read: dict[str, list[Tensor]] = {site: [] for site in sites}

    def reader(site: str) -> Edit:
        def keep(activation: Tensor) -> Tensor:
            read[site].append(activation.detach().to("cpu", copy=True))
            return activation

        return keep

    run(network, tokens, {site: reader(site) for site in sites})
    return {site: at_least_single(torch.cat(parts)) for site, parts in read.items()}


@torch.no_grad()
def read_sites(network: nn.Module, inputs: Tensor, sites: Sequence[str]) -> dict[str, Tensor]:
    """Copies of the outputs of named modules in one forward pass, left on their device.

    Raises:
        UnknownSite: a name is not a module of the network, or the module did not run, or ran
            several times, so that its name stands for several activations.
    """
    read: dict[str, Tensor] = {}

    def keeper(site: str) -> Edit:
        def keep(activation: Tensor) -> Tensor:
            if site in read:
                raise UnknownSite(
                    f"site {site!r} runs more than once in a forward pass, as in a looped network; "
                    "name a site that runs once"
                )
            read[site] = activation.clone()
            return activation

        return keep

    with edited(network, {site: keeper(site) for site in sites}):
        network(inputs)
    return read
