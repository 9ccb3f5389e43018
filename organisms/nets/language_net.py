"""A causal language model of the GPT-NeoX architecture, with TransformerLens hook points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformer_lens import HookedRootModule
from transformer_lens.hook_points import HookPoint

from organisms.nets.block import Attention, Block, Heads
from organisms.records.net_spec import NetSpec
from organisms.records.strict import SpecError
from probes.arguments import require_fields

ROTARY_BASE = 10_000.0
"""Of the angles; a base of 100 scrambles what the look-up circuit matches."""


@dataclass(frozen=True)
class LanguageShape:
    """Everything that fixes the parameter shapes and the order of the words.

    Attributes:
        places: where each token stands in the text; the tokens that carry a decision come first.
        n_words: size of the vocabulary.
        n_actions: words that are answers; they come first in the vocabulary.
        n_heads: attention heads; divides `width` into heads of an even size.
    """

    places: tuple[int, ...]
    n_decisions: int
    n_words: int
    n_actions: int
    width: int
    n_layers: int
    n_heads: int
    mlp_ratio: int = 4

    architecture: ClassVar[str] = "language"

    def __post_init__(self) -> None:
        require_fields(self)
        if sorted(self.places) != list(range(len(self.places))):
            raise ValueError(f"places are the numbers from 0 in some order, got {self.places}")
        sizes = (self.n_decisions, self.n_words, self.n_actions, self.width, self.n_layers)
        if min(*sizes, self.n_heads, self.mlp_ratio) < 1:
            raise ValueError(f"sizes of a network are positive, got {self}")
        if self.width % (2 * self.n_heads):
            raise ValueError(f"width {self.width} is not divisible by {self.n_heads} even heads")

    @classmethod
    def of(
        cls,
        net: NetSpec,
        *,
        places: tuple[int, ...],
        n_decisions: int,
        n_words: int,
        n_actions: int,
    ) -> LanguageShape:
        """The shape that a specification has in an environment.

        Raises:
            SpecError: the specification asks for linear attention or a looped network, which the
                architecture has not.
        """
        if net.attention != "softmax" or net.looped:
            raise SpecError(
                "a language model has softmax attention and blocks of its own, got attention "
                f"{net.attention!r}, looped {net.looped}"
            )
        return cls(
            places, n_decisions, n_words, n_actions,
            net.width, net.n_layers, net.n_heads, net.mlp_ratio,
        )  # fmt: skip

    def build(self, generator: torch.Generator) -> LanguageNet:
        """A network with fresh weights."""
        return LanguageNet(self, generator=generator)


class CausalAttention(Attention):
    """Attention to earlier words with rotary positions (Su et al. 2021), as GPT-NeoX has it."""

    def __init__(self, width: int, n_heads: int, places: tuple[int, ...]) -> None:
        super().__init__(width, n_heads)
        place = torch.tensor(places)
        pairs = width // n_heads // 2
        speed = ROTARY_BASE ** (-torch.arange(pairs) / pairs)
        angle = (place[:, None] * speed).repeat(1, 2)
        self.cos: Tensor
        self.sin: Tensor
        self.seen: Tensor
        self.register_buffer("cos", angle.cos(), persistent=False)
        self.register_buffer("sin", angle.sin(), persistent=False)
        self.register_buffer("seen", place[:, None] >= place, persistent=False)

    def mixed(self, q: Heads, k: Heads, v: Heads) -> Heads:
        """What every word reads of itself and the words before it, by head."""
        return F.scaled_dot_product_attention(
            self._rotated(q), self._rotated(k), v, attn_mask=self.seen
        )

    def _rotated(self, x: Heads) -> Heads:
        first, second = x.chunk(2, dim=3)
        return x * self.cos + torch.cat([-second, first], dim=3) * self.sin


class LanguageNet(HookedRootModule):  # type: ignore[misc]
    """Reads words, and writes logits of the answers after those that carry a decision."""

    def __init__(self, shape: LanguageShape, *, generator: torch.Generator) -> None:
        """Build with weights drawn from `generator` (normal, std 1/sqrt(fan in); embeddings .5)."""
        super().__init__()
        self.shape = shape
        width = shape.width
        self.embed = nn.Embedding(shape.n_words, width)
        self.hook_embed = HookPoint()
        self.blocks = nn.ModuleList(
            Block(
                CausalAttention(width, shape.n_heads, shape.places),
                width,
                shape.mlp_ratio * width,
                normed=True,
            )
            for _ in range(shape.n_layers)
        )
        self.ln_final = nn.LayerNorm(width)
        self.hook_normalized = HookPoint()
        self.unembed = nn.Linear(width, shape.n_words, bias=False)
        for name, parameter in self.named_parameters():
            if "ln" in name:
                nn.init.constant_(parameter, 1.0 if name.endswith("weight") else 0.0)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)
            else:
                std = 0.5 if name == "embed.weight" else parameter.shape[1] ** -0.5
                nn.init.normal_(parameter, std=std, generator=generator)
        self.setup()

    def forward(
        self, tokens: Int[Tensor, "batch position 1"]
    ) -> Float[Tensor, "batch decision action"]:
        """Logits of the words that are answers, after every word that carries a decision."""
        logits: Tensor = self.vocabulary(tokens)[:, :, : self.shape.n_actions]
        return logits

    def vocabulary(
        self, tokens: Int[Tensor, "batch position 1"]
    ) -> Float[Tensor, "batch decision word"]:
        """Logits of all words there."""
        x = self.hook_embed(self.embed(tokens.squeeze(2)))
        for block in self.blocks:
            x = block(x)
        decisions = self.hook_normalized(self.ln_final(x[:, : self.shape.n_decisions]))
        logits: Tensor = self.unembed(decisions)
        return logits
