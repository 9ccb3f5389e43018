"""Size and kind of a network, before an environment gives it tokens and actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from organisms.records.strict import SpecError

Attention = Literal["softmax", "linear"]


@dataclass(frozen=True)
class NetSpec:
    """Shape of a network, the same for every organism of a build.

    Attributes:
        width: residual stream; divisible by `n_heads`.
        n_layers: blocks, or turns through the one block of a looped network.
        mlp_ratio: hidden width of the MLP over `width`.
        attention: `linear` only in environments whose network has it.
    """

    width: int = 64
    n_layers: int = 2
    n_heads: int = 4
    mlp_ratio: int = 4
    looped: bool = False
    attention: Attention = "softmax"

    def __post_init__(self) -> None:
        if min(self.width, self.n_layers, self.n_heads, self.mlp_ratio) < 1:
            raise SpecError(f"width, n_layers, n_heads and mlp_ratio must be positive, got {self}")
        if self.width % self.n_heads:
            raise SpecError(f"width {self.width} is not divisible by {self.n_heads} heads")
        if self.attention not in get_args(Attention):
            raise SpecError(f"attention is one of {get_args(Attention)}, got {self.attention!r}")
