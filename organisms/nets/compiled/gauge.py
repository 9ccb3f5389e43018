"""Hide the construction: a random basis in every space that the function does not fix."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from organisms.nets.compiled.draft import Draft
from organisms.nets.compiled.layout import Layout
from organisms.nets.compiled.net import CompiledNet


@dataclass(frozen=True)
class Compiled:
    """A constructed network with the key to its residual stream.

    Attributes:
        net: in evaluation mode, without gradients on its weights.
        basis: orthogonal; row i is the direction that plain coordinate i has in the network.
    """

    net: CompiledNet
    layout: Layout
    basis: Float[Tensor, "width width"]

    def directions(self, *names: str) -> Float[Tensor, "direction width"]:
        """Orthonormal directions of some subspaces, in the order of their coordinates."""
        return torch.cat([self.basis[self.layout.at(name)] for name in names])


def disguise(draft: Draft, *, generator: torch.Generator) -> Compiled:
    """The network of a draft in random bases; the function stays the same.

    The residual stream is turned by an orthogonal matrix, as are the query-key and the value-output
    space of every head; heads and hidden units are permuted. Norms of weight matrices stay too.

    Args:
        generator: on the cpu; another seed gives other weights.
    """
    shape, tensors = draft.shape, dict(draft.tensors)
    turn = rotations(1, shape.width, generator)[0]
    for name in tensors:
        if name.startswith("channels") or name in ("place", "unembed.weight"):
            tensors[name] = tensors[name] @ turn
    for number in range(shape.n_blocks):
        attention, mlp = f"blocks.{number}.attn", f"blocks.{number}"
        heads = torch.randperm(shape.n_heads, generator=generator)
        scores = rotations(shape.n_heads, shape.head_width, generator)
        values = rotations(shape.n_heads, shape.head_width, generator)
        for letter, inside in (("Q", scores), ("K", scores), ("V", values)):
            weight = tensors[f"{attention}.W_{letter}"]
            tensors[f"{attention}.W_{letter}"] = (turn.T @ weight @ inside)[heads]
        out = values.transpose(1, 2) @ tensors[f"{attention}.W_O"] @ turn
        tensors[f"{attention}.W_O"] = out[heads]
        units = torch.randperm(shape.hidden, generator=generator)
        tensors[f"{mlp}.W_in.weight"] = (tensors[f"{mlp}.W_in.weight"] @ turn)[units]
        tensors[f"{mlp}.W_in.bias"] = tensors[f"{mlp}.W_in.bias"][units]
        tensors[f"{mlp}.W_out.weight"] = (turn.T @ tensors[f"{mlp}.W_out.weight"])[:, units]
    net = shape.build(generator)
    net.load_state_dict({name: value.float() for name, value in tensors.items()})
    return Compiled(net.eval().requires_grad_(False), draft.layout, turn.float())


def rotations(n: int, size: int, generator: torch.Generator) -> Float[Tensor, "rotation size size"]:
    """Random orthogonal matrices, uniform by Haar measure (Mezzadri 2007)."""
    gauss = torch.randn(n, size, size, generator=generator, dtype=torch.float64)
    q, r = torch.linalg.qr(gauss)
    signs: Tensor = q * r.diagonal(dim1=1, dim2=2).sign()[:, None]
    return signs
