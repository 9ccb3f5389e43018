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


class UnknownSite(MesascopeError, KeyError):
    """A name that does not stand for one activation of the network."""


@contextmanager
def edited(network: nn.Module, edits: Mapping[str, Edit]) -> Iterator[None]:
    """Replace the output of each named module while the block runs; always removes the hooks.

    Raises:
        UnknownSite: a name is not a module of the network, or the module did not run in the block,
            or gives something other than a tensor.
        ValueError: an edit returns another shape than it was given.
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
            if replaced.shape != output.shape:
                raise ValueError(
                    f"the edit at {site!r} returned shape {tuple(replaced.shape)}, "
                    f"wanted {tuple(output.shape)}"
                )
            return replaced

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

    Raises:
        UnknownSite: a name is not a module of the network.
    """
    read: dict[str, list[Tensor]] = {site: [] for site in sites}

    def reader(site: str) -> Edit:
        def keep(activation: Tensor) -> Tensor:
            read[site].append(activation.detach().cpu())
            return activation

        return keep

    run(network, tokens, {site: reader(site) for site in sites})
    return {site: at_least_single(torch.cat(parts)) for site, parts in read.items()}


@torch.no_grad()
def read_sites(network: nn.Module, inputs: Tensor, sites: Sequence[str]) -> dict[str, Tensor]:
    """Outputs of named modules in one forward pass, left on their device.

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
            read[site] = activation
            return activation

        return keep

    with edited(network, {site: keeper(site) for site in sites}):
        network(inputs)
    return read
