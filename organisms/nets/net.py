"""The organism's network: a small bidirectional transformer with TransformerLens hook points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformer_lens import HookedRootModule
from transformer_lens.hook_points import HookPoint

from organisms.nets.block import Attention, Block
from organisms.records.net_spec import NetSpec
from organisms.records.strict import SpecError
from probes.arguments import require_fields


@dataclass(frozen=True)
class NetShape:
    """Everything that fixes the parameter shapes.

    Attributes:
        n_decisions: tokens that carry a decision, read out one by one; they come first.
        n_others: further tokens, never read out.
        vocabularies: values of every token channel; their embeddings are added.
        n_layers: blocks, or turns through the one block of a looped network.
        n_heads: attention heads; divides `width`.
        mlp_ratio: hidden width of the MLP over `width`.
        side: the decisions form a `side` x `side` grid with row and column embeddings; None
            where every position has an embedding of its own.
    """

    n_decisions: int
    n_others: int
    vocabularies: tuple[int, ...]
    n_actions: int
    width: int
    n_layers: int
    n_heads: int
    mlp_ratio: int = 4
    side: int | None = None
    looped: bool = False

    architecture: ClassVar[str] = "transformer"

    def __post_init__(self) -> None:
        require_fields(self)
        if self.side is not None and self.side**2 != self.n_decisions:
            raise ValueError(
                f"{self.n_decisions} decisions do not fill a {self.side} x {self.side} grid"
            )
        sizes = (self.n_decisions, self.n_actions, self.width, self.n_layers, self.n_heads)
        if min(*sizes, *self.vocabularies, self.mlp_ratio, self.n_others + 1) < 1:
            raise ValueError(f"sizes of a network are positive, n_others from 0, got {self}")
        if self.width % self.n_heads:
            raise ValueError(f"width {self.width} is not divisible by {self.n_heads} heads")

    @classmethod
    def of(
        cls,
        net: NetSpec,
        *,
        n_decisions: int,
        n_others: int,
        vocabularies: tuple[int, ...],
        n_actions: int,
        side: int | None = None,
    ) -> NetShape:
        """The shape that a specification has in an environment.

        Raises:
            SpecError: the specification asks for linear attention.
        """
        if net.attention != "softmax":
            raise SpecError(
                f"attention of a policy map is 'softmax', got {net.attention!r}; linear attention "
                "is for the regression environment"
            )
        return cls(
            n_decisions, n_others, vocabularies, n_actions,
            net.width, net.n_layers, net.n_heads, net.mlp_ratio, side, net.looped,
        )  # fmt: skip

    def build(self, generator: torch.Generator) -> OrganismNet:
        """A network with fresh weights."""
        return OrganismNet(self, generator=generator)


class OrganismNet(HookedRootModule):  # type: ignore[misc]
    """Reads every token at once and writes action logits at every decision (a policy map)."""

    def __init__(self, shape: NetShape, *, generator: torch.Generator) -> None:
        """Build with weights drawn from `generator` (normal, std 1/sqrt(fan in); embeddings .5)."""
        super().__init__()
        self.shape = shape
        if shape.side is None:
            self.place = nn.Parameter(torch.empty(shape.n_decisions, shape.width))
        else:
            self.row = nn.Parameter(torch.empty(shape.side, shape.width))
            self.column = nn.Parameter(torch.empty(shape.side, shape.width))
        self.other = nn.Parameter(torch.empty(shape.n_others, shape.width))
        self.channels = nn.ModuleList(
            nn.Embedding(values, shape.width) for values in shape.vocabularies
        )
        self.hook_embed = HookPoint()
        self.hook_pos_embed = HookPoint()
        n_blocks = 1 if shape.looped else shape.n_layers
        width, hidden = shape.width, shape.mlp_ratio * shape.width
        self.blocks = nn.ModuleList(
            Block(Attention(width, shape.n_heads), width, hidden, normed=True)
            for _ in range(n_blocks)
        )
        self.ln_final = nn.LayerNorm(shape.width)
        self.hook_normalized = HookPoint()
        self.unembed = nn.Linear(shape.width, shape.n_actions)
        self._initialise(generator)
        self.setup()

    def _initialise(self, generator: torch.Generator) -> None:
        for name, parameter in self.named_parameters():
            if "ln" in name:
                nn.init.constant_(parameter, 1.0 if name.endswith("weight") else 0.0)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif isinstance(self.get_submodule(name.rpartition(".")[0]), nn.Linear):
                nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5, generator=generator)
            else:
                nn.init.normal_(parameter, std=0.5, generator=generator)

    def positions(self) -> Float[Tensor, "position width"]:
        """One embedding per token; row plus column for the cells of a grid."""
        if self.shape.side is None:
            return torch.cat([self.place, self.other])
        cells = (self.row[:, None] + self.column[None]).flatten(0, 1)
        return torch.cat([cells, self.other])

    def forward(
        self, tokens: Int[Tensor, "batch position channel"]
    ) -> Float[Tensor, "batch decision action"]:
        """Action logits at every decision."""
        embedded = sum(channel(tokens[..., i]) for i, channel in enumerate(self.channels))
        x = self.hook_embed(embedded)
        x = x + self.hook_pos_embed(self.positions().expand(len(tokens), -1, -1))
        for turn in range(self.shape.n_layers):
            x = self.blocks[0 if self.shape.looped else turn](x)
        decisions = self.hook_normalized(self.ln_final(x[:, : self.shape.n_decisions]))
        logits: Tensor = self.unembed(decisions)
        return logits
