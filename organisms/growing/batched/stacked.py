"""Networks of one shape run at once: their parameters lie in one stack, organism by organism."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from organisms.nets.net import NetShape, OrganismNet

Parameters = Mapping[str, Tensor]
"""Names of `OrganismNet.named_parameters` -> values, the organism as the first axis."""


class Stacked:
    """Runs all networks at once; the stack is what an optimizer updates."""

    def __init__(self, nets: Sequence[nn.Module]) -> None:
        """Copy the parameters of networks of one shape into a stack that takes gradients."""
        stacked, buffers = stack_module_state(list(nets))
        self.parameters: dict[str, Tensor] = stacked
        self._buffers: dict[str, Tensor] = buffers
        self._skeleton = copy.deepcopy(nets[0]).to("meta")

    def logits(self, tokens: Tensor) -> Float[Tensor, "organism batch decision action"]:
        """What every network answers to its own batch.

        Args:
            tokens: of shape (organism, batch, ...), one batch per network.
        """
        shape = getattr(self._skeleton, "shape", None)
        if isinstance(self._skeleton, OrganismNet) and isinstance(shape, NetShape):
            return _transformer_logits(shape, self.parameters, tokens)
        # The fused attention kernel of a processor has no batching rule: vmap would call it once
        # per network.
        with sdpa_kernel(SDPBackend.MATH):
            logits: Tensor = vmap(self._one)(self.parameters, self._buffers, tokens)
        return logits

    def shorten_gradients(self, max_norm: float) -> None:
        """Scale every network's gradient to a norm of at most `max_norm`, each by itself.

        The formula is that of `torch.nn.utils.clip_grad_norm_`.
        """
        gradients = [p.grad for p in self.parameters.values() if p.grad is not None]
        norms = [torch.linalg.vector_norm(g.flatten(1), dim=1) for g in gradients]
        total = torch.linalg.vector_norm(torch.stack(norms), dim=0)
        factor = (max_norm / (total + 1e-6)).clamp(max=1.0)
        for gradient in gradients:
            gradient.mul_(factor.view(-1, *[1] * (gradient.dim() - 1)))

    def write_to(self, net: nn.Module, index: int) -> None:
        """Give a network the parameters of the `index`-th in the stack."""
        with torch.no_grad():
            for name, parameter in net.named_parameters():
                parameter.copy_(self.parameters[name][index])

    def _one(
        self, parameters: dict[str, Tensor], buffers: dict[str, Tensor], tokens: Tensor
    ) -> Tensor:
        logits: Tensor = functional_call(self._skeleton, (parameters, buffers), (tokens,))
        return logits


def _transformer_logits(
    shape: NetShape, parameters: Parameters, tokens: Int[Tensor, "organism batch position channel"]
) -> Float[Tensor, "organism batch decision action"]:
    """What every network answers to its own batch: `OrganismNet.forward`, without hooks."""
    organisms, batch, position = tokens.shape[:3]
    embedded = sum(
        _look_up(parameters[f"channels.{i}.weight"], tokens[..., i])
        for i in range(len(shape.vocabularies))
    )
    x = (embedded + _positions(parameters)[:, None]).flatten(1, 2)
    for layer in range(shape.n_layers):
        block = f"blocks.{0 if shape.looped else layer}"
        normalized = _normalize(parameters, f"{block}.ln1", x)
        x = x + _attend(shape, parameters, f"{block}.attn", normalized, position)
        hidden = _linear(parameters, f"{block}.W_in", _normalize(parameters, f"{block}.ln2", x))
        x = x + _linear(parameters, f"{block}.W_out", F.gelu(hidden))
    decisions = x.view(organisms, batch, position, -1)[:, :, : shape.n_decisions].flatten(1, 2)
    logits = _linear(parameters, "unembed", _normalize(parameters, "ln_final", decisions))
    return logits.view(organisms, batch, shape.n_decisions, -1)


def _positions(parameters: Parameters) -> Float[Tensor, "organism position width"]:
    other = parameters["other"]
    if "place" in parameters:
        return torch.cat([parameters["place"], other], dim=1)
    cells = parameters["row"][:, :, None] + parameters["column"][:, None]
    return torch.cat([cells.flatten(1, 2), other], dim=1)


def _look_up(
    table: Float[Tensor, "organism value width"], tokens: Int[Tensor, "organism batch position"]
) -> Float[Tensor, "organism batch position width"]:
    first = table.shape[1] * torch.arange(len(table), device=tokens.device)
    return F.embedding(tokens + first[:, None, None], table.flatten(0, 1))


def _linear(
    parameters: Parameters, name: str, x: Float[Tensor, "organism row input"]
) -> Float[Tensor, "organism row output"]:
    weight, bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
    return torch.baddbmm(bias[:, None], x, weight.transpose(1, 2))


def _normalize(
    parameters: Parameters, name: str, x: Float[Tensor, "organism row width"]
) -> Float[Tensor, "organism row width"]:
    weight, bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
    return torch.addcmul(bias[:, None], F.layer_norm(x, x.shape[-1:]), weight[:, None])


def _attend(
    shape: NetShape,
    parameters: Parameters,
    name: str,
    x: Float[Tensor, "organism row width"],
    position: int,
) -> Float[Tensor, "organism row width"]:
    """Attention inside every instance; organisms and instances are one axis to the kernel."""
    heads, size = shape.n_heads, shape.width // shape.n_heads
    split = _linear(parameters, f"{name}.W_QKV", x).view(-1, position, 3, heads, size)
    q, k, v = split.transpose(1, 3).unbind(dim=2)
    z = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(x.shape)
    return _linear(parameters, f"{name}.W_O", z)
