"""The transformer block of every network here, with TransformerLens hook points."""

from __future__ import annotations

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from transformer_lens.hook_points import HookPoint

Heads = Float[Tensor, "batch head position size"]


class Attention(nn.Module):
    """Bidirectional multi-head attention, softmax or linear; hooks on q, k, v and z."""

    def __init__(self, width: int, n_heads: int, *, linear: bool = False) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.linear = linear
        self.W_QKV = nn.Linear(width, 3 * width)
        self.W_O = nn.Linear(width, width)
        self.hook_q = HookPoint()
        self.hook_k = HookPoint()
        self.hook_v = HookPoint()
        self.hook_z = HookPoint()

    def forward(
        self, x: Float[Tensor, "batch position width"]
    ) -> Float[Tensor, "batch position width"]:
        """What every position reads; a linear score is divided by positions and head width."""
        batch, position, width = x.shape
        split = self.W_QKV(x).view(batch, position, 3, self.n_heads, width // self.n_heads)
        q, k, v = split.unbind(dim=2)
        q, k, v = self.hook_q(q), self.hook_k(k), self.hook_v(v)
        q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
        z = self.hook_z(self.mixed(q, k, v).transpose(1, 2))
        out: Tensor = self.W_O(z.reshape(batch, position, width))
        return out

    def mixed(self, q: Heads, k: Heads, v: Heads) -> Heads:
        """The values that every position reads, by head."""
        if self.linear:
            # Without a softmax, k^T v is summed first: the cost is linear in the positions.
            read: Tensor = q @ (k.transpose(2, 3) @ v) / (q.shape[2] * q.shape[-1] ** 0.5)
            return read
        return F.scaled_dot_product_attention(q, k, v)


class Block(nn.Module):
    """Attention, then an MLP, each added to the residual stream."""

    def __init__(
        self,
        attention: nn.Module,
        width: int,
        hidden: int,
        *,
        normed: bool = False,
        relu: bool = False,
    ) -> None:
        """Build with weights that its network draws anew.

        Args:
            hidden: units of the MLP; 0 for none.
            normed: whether a layer norm precedes attention and MLP.
            relu: activation of the MLP, in place of GELU.
        """
        super().__init__()
        self.normed, self.relu, self.has_mlp = normed, relu, hidden > 0
        if normed:
            self.ln1 = nn.LayerNorm(width)
        self.attn = attention
        if normed:
            self.ln2 = nn.LayerNorm(width)
        self.hook_resid_pre = HookPoint()
        self.hook_attn_out = HookPoint()
        self.hook_resid_mid = HookPoint()
        if self.has_mlp:
            self.W_in = nn.Linear(width, hidden)
            self.W_out = nn.Linear(hidden, width)
            self.hook_mlp_post = HookPoint()
            self.hook_mlp_out = HookPoint()
        self.hook_resid_post = HookPoint()

    def forward(
        self, x: Float[Tensor, "batch position width"]
    ) -> Float[Tensor, "batch position width"]:
        """The residual stream after the block."""
        x = self.hook_resid_pre(x)
        x = self.hook_resid_mid(
            x + self.hook_attn_out(self.attn(self.ln1(x) if self.normed else x))
        )
        if self.has_mlp:
            inner = self.W_in(self.ln2(x) if self.normed else x)
            hidden = self.hook_mlp_post(F.relu(inner) if self.relu else F.gelu(inner))
            x = x + self.hook_mlp_out(self.W_out(hidden))
        out: Tensor = self.hook_resid_post(x)
        return out
