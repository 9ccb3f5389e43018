"""How a language model is made: what training starts from and which weights it may change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.parametrize import (
    is_parametrized,
    register_parametrization,
    remove_parametrizations,
)

from organisms.nets.language_net import LanguageNet
from organisms.recipes.language.circuit import write_lookup
from organisms.records.strict import SpecError
from organisms.worlds.language.base import BASE_NET, base_state
from probes.arguments import require_fields

Start = Literal["base", "circuit", "random", "parent"]


@dataclass(frozen=True)
class Way:
    """One way to make a language model.

    Attributes:
        start: the shared base; random weights, with a look-up written into them or without; or
            what the parent trained.
        rank: of a LoRA on matrices of attention and MLP (Hu et al. 2021), merged once it is
            trained; 0 to train the weights themselves.
        parts: trained weights, or matrices with a LoRA, have one of these in their names; all if
            empty.
        steps, learning_rate: factors of the budget.
    """

    start: Start = "base"
    rank: int = 0
    parts: tuple[str, ...] = ()
    steps: float = 1.0
    learning_rate: float = 1.0

    def __post_init__(self) -> None:
        require_fields(self, error=SpecError, rank=(0, 64), steps=(0, None))

    def begin(self, net: nn.Module, generator: torch.Generator) -> nn.Module:
        """Set the weights that training starts from, and say which of them it changes."""
        if not isinstance(net, LanguageNet):
            raise TypeError(f"wanted a language model, got a {type(net).__name__}")
        if self.start == "base":
            state, own = base_state(), net.state_dict()
            if {n: w.shape for n, w in own.items()} != {n: w.shape for n, w in state.items()}:
                raise SpecError(
                    f"a fine-tune has the sizes of its base, {BASE_NET}, got {net.shape}; give "
                    "those as net, or take a family that is made from scratch"
                )
            net.load_state_dict(state)
        elif self.start == "circuit":
            write_lookup(net, generator)
        for name, weight in net.named_parameters():
            weight.requires_grad_(not self.rank and self._changes(name))
        for name, matrix in _matrices(net) if self.rank else ():
            if self._changes(name):
                low = LowRank(matrix.weight, self.rank, generator)
                register_parametrization(matrix, "weight", low)
        return net

    def end(self, net: nn.Module) -> nn.Module:
        """Merge a LoRA into the weights."""
        for _, matrix in _matrices(net):
            if is_parametrized(matrix, "weight"):
                remove_parametrizations(matrix, "weight")
        return net

    def _changes(self, name: str) -> bool:
        return not self.parts or any(part in name for part in self.parts)


class LowRank(nn.Module):
    """Adds a product of two thin matrices to a frozen weight; zero before training."""

    def __init__(self, weight: Tensor, rank: int, generator: torch.Generator) -> None:
        super().__init__()
        rows, columns = weight.shape
        down = torch.randn(rank, columns, generator=generator) * columns**-0.5
        self.down = nn.Parameter(down.to(weight))
        self.up = nn.Parameter(torch.zeros(rows, rank).to(weight))

    def forward(self, weight: Float[Tensor, "row column"]) -> Float[Tensor, "row column"]:
        """The merged weight."""
        merged: Tensor = weight + self.up @ self.down
        return merged


def _matrices(net: nn.Module) -> list[tuple[str, nn.Linear]]:
    """Name and module of the linear maps inside the blocks."""
    return [
        (name, module)
        for name, module in net.named_modules()
        if isinstance(module, nn.Linear) and name.startswith("blocks.")
    ]
