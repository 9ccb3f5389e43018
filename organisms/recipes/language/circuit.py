"""A look-up written into two attention heads, from which training finds what it else does not.

The first head attends to the word before; the second copies the word that came after an earlier
occurrence of this one: an induction circuit (Olsson et al. 2022). From random weights neither was
learned within ten times the steps.
"""

from __future__ import annotations

import torch

from organisms.nets.language_net import ROTARY_BASE, CausalAttention, LanguageNet

STRENGTH, MATCH, TIED = 11.2, 2.0, 0.25
"""Size of the biases that attend to the word before, over the root of the pairs of a head; of the
weights that match words; and of the unembedding beside the embedding."""


def write_lookup(net: LanguageNet, generator: torch.Generator) -> None:
    """Write the circuit into head 0 of the first two blocks, in place; all of it stays trainable.

    Raises:
        ValueError: the network has one block, or heads too wide for an orthonormal pair.
    """
    shape = net.shape
    width, size = shape.width, shape.width // shape.n_heads
    if shape.n_layers < 2 or 2 * size > width:
        raise ValueError(f"the look-up needs two blocks and two heads at least, got {shape}")
    first, second = (_attention(net, layer) for layer in (0, 1))
    drawn = torch.randn(width, 2 * size, generator=generator)
    read, write = torch.linalg.qr(drawn)[0].split(size, dim=1)
    copied = torch.linalg.qr(torch.randn(width, size, generator=generator))[0]
    pairs = size // 2
    back = -(ROTARY_BASE ** (-torch.arange(pairs) / pairs))
    strength = STRENGTH / pairs**0.5
    with torch.no_grad():
        for part in range(3):
            rows = slice(part * width, part * width + size)
            first.W_QKV.weight[rows] = 0.0 if part < 2 else read.T
            first.W_QKV.bias[rows] = 0.0
        first.W_QKV.bias[:pairs] = strength * back.cos()
        first.W_QKV.bias[pairs:size] = strength * back.sin()
        first.W_QKV.bias[width : width + pairs] = strength
        first.W_O.weight[:, :size] = write
        second.W_QKV.weight[:size] = MATCH * read.T
        second.W_QKV.weight[width : width + size] = MATCH * write.T
        second.W_QKV.weight[2 * width : 2 * width + size] = copied.T
        second.W_O.weight[:, :size] = copied
        net.unembed.weight.copy_(TIED * net.embed.weight)


def _attention(net: LanguageNet, layer: int) -> CausalAttention:
    found = net.get_submodule(f"blocks.{layer}.attn")
    if not isinstance(found, CausalAttention):
        raise TypeError(f"wanted causal attention, got a {type(found).__name__}")
    return found
