"""The network whose weights are set by construction: attention and ReLU layers, no normalisation.

The forward pass is the same for every construction, so what a network computes is in its weights
and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformer_lens import HookedRootModule
from transformer_lens.hook_points import HookPoint

from organisms.nets.block import Block


@dataclass(frozen=True)
class CompiledShape:
    """Everything that fixes the parameter shapes.

    Attributes:
        n_decisions: tokens that carry a decision, read out one by one; they come first.
        n_others: further tokens, never read out.
        vocabularies: values of every token channel; their embeddings are added.
        n_layers: blocks, or turns through the one block of a looped network.
        head_width: queries, keys and values of one head.
        hidden: units of one ReLU layer.
    """

    n_decisions: int
    n_others: int
    vocabularies: tuple[int, ...]
    n_actions: int
    width: int
    n_layers: int
    n_heads: int
    head_width: int
    hidden: int
    looped: bool = False

    architecture: ClassVar[str] = "compiled"

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            smallest = min(value) if isinstance(value, tuple) else value
            if field.name not in ("looped", "n_others") and smallest < 1:
                raise ValueError(f"{field.name} must be positive, got {value}")

    @property
    def n_blocks(self) -> int:
        """Blocks with weights of their own."""
        return 1 if self.looped else self.n_layers

    def build(self, generator: torch.Generator) -> CompiledNet:
        """A network with weights drawn at random, to be overwritten or used as a baseline."""
        return CompiledNet(self, generator=generator)


class CompiledAttention(nn.Module):
    """Bidirectional softmax attention without biases; hooks on q, k, v and z."""

    def __init__(self, shape: CompiledShape) -> None:
        super().__init__()
        into = (shape.n_heads, shape.width, shape.head_width)
        self.W_Q = nn.Parameter(torch.empty(into))
        self.W_K = nn.Parameter(torch.empty(into))
        self.W_V = nn.Parameter(torch.empty(into))
        self.W_O = nn.Parameter(torch.empty(shape.n_heads, shape.head_width, shape.width))
        self.hook_q = HookPoint()
        self.hook_k = HookPoint()
        self.hook_v = HookPoint()
        self.hook_z = HookPoint()

    def forward(
        self, x: Float[Tensor, "batch position width"]
    ) -> Float[Tensor, "batch position width"]:
        q, k, v = (
            (x @ weight.transpose(0, 1).flatten(1)).view(*x.shape[:2], *weight.shape[::2])
            for weight in (self.W_Q, self.W_K, self.W_V)
        )
        q, k, v = self.hook_q(q), self.hook_k(k), self.hook_v(v)
        z = F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2))
        z = self.hook_z(z.transpose(1, 2))
        out: Tensor = z.flatten(2) @ self.W_O.flatten(0, 1)
        return out


class CompiledNet(HookedRootModule):  # type: ignore[misc]
    """Reads every token at once and writes action logits at every decision (a policy map)."""

    def __init__(self, shape: CompiledShape, *, generator: torch.Generator) -> None:
        """Build with every weight normal, std 1/sqrt(width), drawn from `generator`."""
        super().__init__()
        self.shape = shape
        self.channels = nn.ModuleList(
            nn.Embedding(values, shape.width) for values in shape.vocabularies
        )
        self.place = nn.Parameter(torch.empty(shape.n_decisions + shape.n_others, shape.width))
        self.hook_embed = HookPoint()
        self.hook_pos_embed = HookPoint()
        self.blocks = nn.ModuleList(
            Block(CompiledAttention(shape), shape.width, shape.hidden, relu=True)
            for _ in range(shape.n_blocks)
        )
        self.hook_normalized = HookPoint()
        self.unembed = nn.Linear(shape.width, shape.n_actions)
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=shape.width**-0.5, generator=generator)
        self.setup()

    def forward(
        self, tokens: Int[Tensor, "batch position channel"]
    ) -> Float[Tensor, "batch decision action"]:
        """Action logits at every decision."""
        embedded = sum(channel(tokens[..., i]) for i, channel in enumerate(self.channels))
        x = self.hook_embed(embedded)
        x = x + self.hook_pos_embed(self.place.expand(len(tokens), -1, -1))
        for turn in range(self.shape.n_layers):
            x = self.blocks[0 if self.shape.looped else turn](x)
        logits: Tensor = self.unembed(self.hook_normalized(x[:, : self.shape.n_decisions]))
        return logits
