"""Network weights on disk: half precision in a safetensors file, never a pickle."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn
from transformer_lens import HookedRootModule

from organisms.worlds.world import Shape
from probes.errors import MesascopeError


class DamagedWeights(MesascopeError, ValueError):
    """Weights that cannot be used; the message says why and what to do."""


def round_to_half(net: nn.Module) -> None:
    """Round every weight, in place, to the nearest number that half precision holds.

    An organism is its rounded weights: they are what is admitted, stored and scored, so that a
    stored network is the measured one to the bit at half the size. Arithmetic stays in single
    precision.

    Raises:
        DamagedWeights: a finite weight is beyond the range of half precision (65,504).
    """
    for name, value in net.state_dict().items():
        rounded = value.half().to(value.dtype)
        if not torch.equal(rounded.isfinite(), value.isfinite()):
            raise DamagedWeights(
                f"{name} holds {value.abs().max().item():g}, and half precision ends at 65504; "
                "scale the weights of this recipe down"
            )
        value.copy_(rounded)


def weights_bytes(net: nn.Module) -> bytes:
    """Serialised weights in half precision; as many bytes for every network of one shape.

    A network that was not rounded by `round_to_half` is stored rounded.
    """
    state = {name: value.cpu().half().contiguous() for name, value in net.state_dict().items()}
    serialised: bytes = save(state)
    return serialised


def load_net(path: Path, shape: Shape) -> HookedRootModule:
    """Read a network of a known shape, in evaluation mode.

    Raises:
        DamagedWeights: the file is missing, not safetensors, truncated, of another shape, or
            holds numbers that are not finite.
    """
    if path.suffix != ".safetensors":
        raise DamagedWeights(
            f"{path} is not a .safetensors file; pickled checkpoints (.pt, .pth, .bin) can run "
            "code when they are read and are refused: save with safetensors.torch.save_file"
        )
    try:
        serialised = path.read_bytes()
    except FileNotFoundError:
        raise DamagedWeights(
            f"no weights at {path}; delete the folder {path.parent} and run again"
        ) from None
    remedy = f"delete the folder {path.parent} and run again"
    return net_of(serialised, shape, where=str(path), remedy=remedy)


def net_of(serialised: bytes, shape: Shape, *, where: str, remedy: str) -> HookedRootModule:
    """The network of serialised weights, in evaluation mode.

    Args:
        serialised: what `weights_bytes` gave.
        shape: of the network.
        where: names the weights in messages.
        remedy: what to do about weights that are not whole.

    Raises:
        DamagedWeights: not safetensors, truncated, of another shape, or not finite.
    """
    try:
        state = load(serialised)
    except SafetensorError as error:
        raise DamagedWeights(
            f"{where} is not a complete safetensors file ({error}); {remedy}"
        ) from error
    net = shape.build(torch.Generator().manual_seed(0))
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        raise DamagedWeights(f"{where} holds a network of another shape: {error}") from error
    if not all(torch.isfinite(value).all() for value in state.values()):
        raise DamagedWeights(f"{where} holds weights that are not finite; build the organism again")
    net.eval()
    net.requires_grad_(False)
    return net
