"""Networks of one shape whose parameters lie in one stack, the organism as the first axis."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from organisms.growing.batched.transformer import transformer_logits
from organisms.nets.net import NetShape, OrganismNet


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
            return transformer_logits(shape, self.parameters, tokens)
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
