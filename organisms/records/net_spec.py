"""Size and kind of a network, before an environment gives it tokens and actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from organisms.records.strict import SpecError
from probes.arguments import require_fields

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
        sizes = {"width": 2**14, "n_layers": 2**10, "n_heads": 2**14, "mlp_ratio": 2**10}
        require_fields(self, error=SpecError, **{name: (1, most) for name, most in sizes.items()})
        if self.width % self.n_heads:
            raise SpecError(f"width {self.width} is not divisible by {self.n_heads} heads")
