"""A network in disguise: the same function from weights in another order and with other signs."""

from __future__ import annotations

import copy
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor
from transformer_lens import HookedRootModule

from organisms.nets.block import Attention, Block
from organisms.nets.language_net import CausalAttention, LanguageNet
from organisms.nets.net import OrganismNet
from organisms.nets.regressor import RegressorNet


def can_disguise(net: HookedRootModule) -> bool:
    """Whether the symmetries of the network's architecture are known here."""
    return isinstance(net, OrganismNet | RegressorNet | LanguageNet)


@torch.no_grad()
def disguised(net: HookedRootModule, generator: torch.Generator) -> HookedRootModule:
    """A copy that computes the same function, up to rounding.

    The residual stream, hidden units of every MLP and heads are put into random orders; within a
    head, coordinates of queries with keys and of values are reordered and change sign in pairs.
    Where positions are rotary, a pair of coordinates of queries and keys has an angle of its own
    and keeps its place; both of them change sign together.
    What a detector knows about one place or one sign of a layer is void in the copy.

    Raises:
        ValueError: the architecture has no symmetries that are known here.
    """
    if not can_disguise(net):
        raise ValueError(
            f"no symmetries known of {type(net).__name__}; wanted a transformer, a regressor or a "
            "language model"
        )
    copied: Any = copy.deepcopy(net)
    stream = torch.randperm(copied.shape.width, generator=generator)
    for block in copied.blocks:
        _reorder_block(block, stream, generator)
    _reorder_ends(copied, stream)
    disguise: HookedRootModule = copied
    return disguise


def _reorder_block(block: Block, stream: Int[Tensor, " width"], generator: torch.Generator) -> None:
    attention: Any = block.attn
    _reorder_heads(attention, generator)
    readers, writers = [attention.W_QKV], [attention.W_O]
    if block.has_mlp:
        hidden = torch.randperm(block.W_in.out_features, generator=generator)
        block.W_in.weight.copy_(block.W_in.weight[hidden])
        block.W_in.bias.copy_(block.W_in.bias[hidden])
        block.W_out.weight.copy_(block.W_out.weight[:, hidden])
        readers.append(block.W_in)
        writers.append(block.W_out)
    for reader in readers:
        reader.weight.copy_(reader.weight[:, stream])
    for writer in writers:
        writer.weight.copy_(writer.weight[stream])
        writer.bias.copy_(writer.bias[stream])
    if block.normed:
        _reorder_norm(block.ln1, stream)
        _reorder_norm(block.ln2, stream)


def _reorder_ends(net: Any, stream: Int[Tensor, " width"]) -> None:
    embeddings: list[Tensor]
    if isinstance(net, RegressorNet):
        embeddings, readout = [net.channels, net.position], net.readout
    elif isinstance(net, LanguageNet):
        embeddings, readout = [net.embed.weight], net.unembed
        _reorder_norm(net.ln_final, stream)
    else:
        places = [net.place] if net.shape.side is None else [net.row, net.column]
        embeddings = [*places, net.other, *(channel.weight for channel in net.channels)]
        readout = net.unembed
        _reorder_norm(net.ln_final, stream)
    for embedding in embeddings:
        embedding.copy_(embedding[:, stream])
    readout.weight.copy_(readout.weight[:, stream])


def _reorder_norm(norm: Any, stream: Int[Tensor, " width"]) -> None:
    norm.weight.copy_(norm.weight[stream])
    norm.bias.copy_(norm.bias[stream])


def _reorder_heads(attention: Attention, generator: torch.Generator) -> None:
    """Heads and their coordinates in another order; q with k, and v with the output, keep pace."""
    width = attention.W_O.in_features
    heads, size = attention.n_heads, width // attention.n_heads
    order = torch.randperm(heads, generator=generator)

    def inner() -> tuple[Tensor, Tensor]:
        places = [h * size + torch.randperm(size, generator=generator) for h in order.tolist()]
        signs = torch.randint(0, 2, (width,), generator=generator) * 2.0 - 1
        return torch.cat(places), signs

    (scores, score_signs), (values, value_signs) = inner(), inner()
    if isinstance(attention, CausalAttention):
        scores = (order[:, None] * size + torch.arange(size)).flatten()
        half = score_signs.view(heads, size)[:, : size // 2]
        score_signs = half.repeat(1, 2).flatten()
    fused = torch.cat([scores, scores + width, values + 2 * width])
    signs = torch.cat([score_signs, score_signs, value_signs])
    qkv, out = attention.W_QKV, attention.W_O
    qkv.weight.copy_(qkv.weight[fused] * signs[:, None])
    qkv.bias.copy_(qkv.bias[fused] * signs)
    out.weight.copy_(out.weight[:, values] * value_signs)
