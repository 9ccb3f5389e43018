"""The organism's network: a small bidirectional transformer with TransformerLens hook points."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformer_lens import HookedRootModule
from transformer_lens.hook_points import HookPoint


@dataclass(frozen=True)
class NetShape:
    """Everything that fixes the parameter shapes.

    Attributes:
        n_cells: tokens that carry a decision, read out one by one.
        n_slots: further tokens (context), never read out.
        side: the cells form a `side` x `side` grid.
        n_contents: vocabulary of the first token channel.
        n_attributes: vocabulary of the second token channel (colour); 0 is "none".
        n_actions: logits per cell.
        width: residual stream.
        n_layers: blocks.
        n_heads: attention heads; divides `width`.
        mlp_ratio: hidden width of the MLP over `width`.
    """

    n_cells: int
    n_slots: int
    side: int
    n_contents: int
    n_attributes: int
    n_actions: int
    width: int
    n_layers: int
    n_heads: int
    mlp_ratio: int = 4

    def __post_init__(self) -> None:
        if self.side**2 != self.n_cells:
            raise ValueError(f"{self.n_cells} cells do not fill a {self.side} x {self.side} grid")
        if self.width % self.n_heads:
            raise ValueError(f"width {self.width} is not divisible by {self.n_heads} heads")


class Attention(nn.Module):
    """Bidirectional multi-head attention through the fused kernel; hooks on q, k, v and z."""

    def __init__(self, shape: NetShape) -> None:
        super().__init__()
        self.n_heads = shape.n_heads
        self.W_QKV = nn.Linear(shape.width, 3 * shape.width)
        self.W_O = nn.Linear(shape.width, shape.width)
        self.hook_q = HookPoint()
        self.hook_k = HookPoint()
        self.hook_v = HookPoint()
        self.hook_z = HookPoint()

    def forward(
        self, x: Float[Tensor, "batch position width"]
    ) -> Float[Tensor, "batch position width"]:
        batch, position, width = x.shape
        split = self.W_QKV(x).view(batch, position, 3, self.n_heads, width // self.n_heads)
        q, k, v = split.unbind(dim=2)
        q, k, v = self.hook_q(q), self.hook_k(k), self.hook_v(v)
        z = F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2))
        z = self.hook_z(z.transpose(1, 2))
        out: Tensor = self.W_O(z.reshape(batch, position, width))
        return out


class Block(nn.Module):
    """Pre-norm transformer block with the canonical residual hook points."""

    def __init__(self, shape: NetShape) -> None:
        super().__init__()
        hidden = shape.mlp_ratio * shape.width
        self.ln1 = nn.LayerNorm(shape.width)
        self.attn = Attention(shape)
        self.ln2 = nn.LayerNorm(shape.width)
        self.W_in = nn.Linear(shape.width, hidden)
        self.W_out = nn.Linear(hidden, shape.width)
        self.hook_resid_pre = HookPoint()
        self.hook_attn_out = HookPoint()
        self.hook_resid_mid = HookPoint()
        self.hook_mlp_post = HookPoint()
        self.hook_mlp_out = HookPoint()
        self.hook_resid_post = HookPoint()

    def forward(
        self, x: Float[Tensor, "batch position width"]
    ) -> Float[Tensor, "batch position width"]:
        x = self.hook_resid_pre(x)
        x = self.hook_resid_mid(x + self.hook_attn_out(self.attn(self.ln1(x))))
        hidden = self.hook_mlp_post(F.gelu(self.W_in(self.ln2(x))))
        out: Tensor = self.hook_resid_post(x + self.hook_mlp_out(self.W_out(hidden)))
        return out


class OrganismNet(HookedRootModule):  # type: ignore[misc]
    """Reads every token at once and writes action logits at every cell (a policy map)."""

    def __init__(self, shape: NetShape, *, generator: torch.Generator) -> None:
        """Build with weights drawn from `generator` (normal, std 1/sqrt(fan in); embeddings .5)."""
        super().__init__()
        self.shape = shape
        self.content = nn.Embedding(shape.n_contents, shape.width)
        self.attribute = nn.Embedding(shape.n_attributes, shape.width)
        self.row = nn.Parameter(torch.empty(shape.side, shape.width))
        self.column = nn.Parameter(torch.empty(shape.side, shape.width))
        self.slot = nn.Parameter(torch.empty(shape.n_slots, shape.width))
        self.hook_embed = HookPoint()
        self.hook_pos_embed = HookPoint()
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.n_layers))
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
        """Row plus column embedding for cells, one embedding per context slot."""
        cells = (self.row[:, None] + self.column[None]).flatten(0, 1)
        return torch.cat([cells, self.slot])

    def forward(
        self, tokens: Int[Tensor, "batch position channel"]
    ) -> Float[Tensor, "batch cell action"]:
        """Action logits at every cell.

        Args:
            tokens: content in channel 0, attribute in channel 1; cells first, then slots.
        """
        embedded = self.hook_embed(self.content(tokens[..., 0]) + self.attribute(tokens[..., 1]))
        x = embedded + self.hook_pos_embed(self.positions().expand(len(tokens), -1, -1))
        for block in self.blocks:
            x = block(x)
        cells = self.hook_normalized(self.ln_final(x[:, : self.shape.n_cells]))
        logits: Tensor = self.unembed(cells)
        return logits
