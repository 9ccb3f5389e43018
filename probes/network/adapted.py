"""Any torch module behind the usual names of sites, so that detectors find their way in it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from probes.errors import MesascopeError
from probes.network.layers import EMBEDDING, RESIDUAL

USUAL = (EMBEDDING, *RESIDUAL)
"""Last words of names by which detectors look for sites."""

Decode = Callable[[Any], Tensor]
"""Outputs of a module -> logits of shape (batch, decision, action)."""


class SiteError(MesascopeError, ValueError):
    """A place in a network that cannot be shown as rows of positions; the message says why."""


@dataclass(frozen=True)
class Site:
    """A place inside a network, and how its activation is read as one row per position.

    Without a `view`, activations of shape (batch, position, width) stay as they are, those of
    shape (batch, channel, row, column) become one position per cell, and those of shape
    (batch, width) one position. Of a tuple the first element is read.

    Attributes:
        module: name of a module, as `named_modules` gives it; empty for the network's input.
        order: which position of the activation comes first, second and so on; None keeps them.
            Positions that carry decisions come first, in the order of the decisions.
        view: activation -> (batch, position, width), instead of the above.
        back: (rows, activation) -> the activation that these rows stand for; with `view`.
    """

    module: str
    order: tuple[int, ...] | None = None
    view: Callable[[Tensor], Tensor] | None = None
    back: Callable[[Tensor, Tensor], Tensor] | None = None

    def __post_init__(self) -> None:
        if (self.view is None) != (self.back is None):
            raise SiteError(
                f"site {self.module!r} has only one of view and back; give both, or neither"
            )
        if self.order is not None and sorted(self.order) != list(range(len(self.order))):
            raise SiteError(
                f"order of site {self.module!r} is {self.order}; wanted every position once"
            )

    def rows(self, activation: Tensor) -> Float[Tensor, "batch position width"]:
        """The activation as rows, those of decisions first.

        Raises:
            SiteError: it has another number of axes, or of positions than `order` names.
        """
        if self.view is not None:
            rows = self.view(activation)
        elif activation.ndim == 4:
            rows = activation.flatten(2).transpose(1, 2)
        else:
            rows = activation[:, None] if activation.ndim == 2 else activation
        if rows.ndim != 3 or not rows.is_floating_point():
            raise SiteError(
                f"site {self.module or 'input'!r} gives {rows.dtype} of shape "
                f"{tuple(activation.shape)}, wanted floating-point numbers with 2, 3 or 4 axes, or "
                "a `view` that makes them (batch, position, width)"
            )
        if self.order is None:
            return rows
        if len(self.order) != rows.shape[1]:
            raise SiteError(
                f"order of site {self.module or 'input'!r} names {len(self.order)} positions, and "
                f"it has {rows.shape[1]}"
            )
        return rows[:, list(self.order)]

    def activation(self, rows: Tensor, before: Tensor) -> Tensor:
        """The activation that rows stand for; the inverse of `rows`."""
        if self.order is not None:
            place = torch.tensor(self.order, device=rows.device).argsort()
            rows = rows[:, place]
        if self.back is not None:
            return self.back(rows, before)
        if before.ndim == 4:
            return rows.transpose(1, 2).reshape(before.shape)
        return rows[:, 0] if before.ndim == 2 else rows


class _Detour:
    """Leads the output of one module through a passage, an identity whose output can be edited.

    It is an object and no closure, so that a deep copy of the network leads through its own.
    """

    def __init__(self, site: Site, passage: nn.Identity) -> None:
        self.site, self.passage = site, passage

    def __call__(self, module: nn.Module, inputs: Any, output: Any) -> Any:
        whole = output if isinstance(output, Tensor) else _first(output, self.site)
        changed = self.led(whole)
        if isinstance(output, Tensor):
            return changed
        return type(output)((changed, *output[1:]))

    def led(self, activation: Tensor) -> Tensor:
        rows: Tensor = self.passage(self.site.rows(activation))
        return self.site.activation(rows, activation)


def _first(output: Any, site: Site) -> Tensor:
    if type(output) in (tuple, list) and output and isinstance(output[0], Tensor):
        first: Tensor = output[0]
        return first
    raise SiteError(
        f"module {site.module!r} gives a {type(output).__name__}; name one that gives a tensor"
    )


class _Layer(nn.Module):
    """Passages of one block, under the names of TransformerLens."""

    hook_resid_mid: nn.Identity
    hook_resid_post: nn.Identity


class AdaptedNetwork(nn.Module):
    """Maps what a network reads to logits (batch, decision, action), with sites of usual names.

    They are `hook_embed`, `blocks.I.hook_resid_mid` and `blocks.I.hook_resid_post`; further modules
    keep their own names behind `guest.`. A deep copy has sites of its own.
    """

    def __init__(
        self,
        guest: nn.Module,
        *,
        decode: Decode | None = None,
        embedding: Site | None = None,
        residual: Sequence[Site] = (),
        middles: Sequence[Site] = (),
    ) -> None:
        """Wrap a network, which runs as it did.

        Args:
            decode: what makes logits of its outputs; None where they are that already.
            embedding: where every token, or every cell, has its own position for the first time.
            residual: ends of the blocks, in the order of the network.
            middles: between the attention and the MLP of every block, if there is such a place.

        Raises:
            SiteError: a module does not exist, or there are not as many middles as blocks.
        """
        super().__init__()
        if middles and len(middles) != len(residual):
            raise SiteError(
                f"got {len(middles)} middles and {len(residual)} ends of blocks; give one of each "
                "for every block, or no middles"
            )
        self.guest = guest
        self._decode = decode
        self._renames = embedding is not None or bool(residual)
        self._inputs: list[_Detour] = []
        self.hook_embed: nn.Identity
        self.blocks: nn.ModuleList
        if embedding is not None:
            self.hook_embed = self._passage(embedding)
        if residual:
            self.blocks = nn.ModuleList(_Layer() for _ in residual)
            for number, end in enumerate(residual):
                layer = self.blocks[number]
                if middles:
                    layer.hook_resid_mid = self._passage(middles[number])
                layer.hook_resid_post = self._passage(end)

    def _passage(self, site: Site) -> nn.Identity:
        passage = nn.Identity()
        detour = _Detour(site, passage)
        if not site.module:
            self._inputs.append(detour)
            return passage
        modules = dict(self.guest.named_modules())
        if site.module not in modules:
            raise SiteError(
                f"the network has no module {site.module!r}; it has "
                f"{', '.join(name for name in modules if name)}"
            )
        modules[site.module].register_forward_hook(detour)
        return passage

    def forward(self, inputs: Tensor) -> Float[Tensor, "batch decision action"]:
        """Logits of every action at every decision."""
        for detour in self._inputs:
            inputs = detour.led(inputs)
        outputs = self.guest(inputs)
        logits: Tensor = outputs if self._decode is None else self._decode(outputs)
        return logits

    def named_modules(
        self,
        memo: set[nn.Module] | None = None,
        prefix: str = "",
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, nn.Module]]:
        """All modules; the guest's own hooks of usual names are left out where sites are given."""
        for name, module in super().named_modules(memo, prefix, remove_duplicate):
            within = name.removeprefix(prefix).lstrip(".")
            usual = name.rpartition(".")[2] in USUAL and not any(True for _ in module.parameters())
            if not (self._renames and usual and within.startswith("guest.")):
                yield name, module


def shuffled_weights(network: nn.Module, generator: torch.Generator) -> nn.Module:
    """A control of the same shape: every weight tensor keeps its numbers in a random order.

    Args:
        network: left as it is.
    """
    control = copy.deepcopy(network)
    with torch.no_grad():
        for weight in control.parameters():
            order = torch.randperm(weight.numel(), generator=generator).to(weight.device)
            weight.copy_(weight.flatten()[order].view_as(weight))
    return control
