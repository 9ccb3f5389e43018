"""Networks on disk: a named shape, and weights of half precision in a safetensors file."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn
from transformer_lens import HookedRootModule

from organisms.nets.compiled.net import CompiledShape
from organisms.nets.language_net import LanguageShape
from organisms.nets.net import NetShape
from organisms.nets.regressor import RegressorShape
from organisms.records.strict import SpecError
from organisms.records.typed import validated
from organisms.worlds.world import Shape
from probes.errors import MesascopeError
from probes.parsing import parse_json

ARCHITECTURES: dict[str, type[Any]] = {
    shape.architecture: shape for shape in (NetShape, RegressorShape, LanguageShape, CompiledShape)
}
"""Architecture name -> shape class."""

LARGEST = 2**14
"""Most layers, units or values of any kind in a network that is read."""


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
        DamagedWeights: the file is missing, not safetensors, truncated, of another shape or
            type of number, or holds numbers that are not finite.
    """
    if path.suffix != ".safetensors":
        raise DamagedWeights(
            f"{path} is not a .safetensors file; pickled checkpoints (.pt, .pth, .bin) can run "
            "code when they are read and are refused: save with safetensors.torch.save_file"
        )
    remedy = f"delete the folder {path.parent} and run again"
    if not path.is_file():
        raise DamagedWeights(f"no weights at {path}; {remedy}")
    return net_of(path.read_bytes(), shape, where=str(path), remedy=remedy)


def net_of(
    serialised: bytes,
    shape: Shape,
    *,
    where: str,
    remedy: str,
    types: Collection[torch.dtype] = (torch.float16,),
) -> HookedRootModule:
    """The network of serialised weights, in evaluation mode.

    Args:
        serialised: what `weights_bytes` gave.
        where: names the weights in messages.
        remedy: what to do about weights that are not whole.
        types: of numbers that are taken, by default that which `weights_bytes` writes.

    Raises:
        DamagedWeights: not safetensors, truncated, of another shape or type of number, or not
            finite.
    """
    try:
        parse_json(serialised[8 : 8 + int.from_bytes(serialised[:8], "little")], "the header")
        state = load(serialised)
    except (SafetensorError, ValueError, KeyError) as error:
        raise DamagedWeights(
            f"{where} is not a complete safetensors file ({error}); {remedy}"
        ) from error
    for name, value in state.items():
        if value.dtype not in types:
            raise DamagedWeights(
                f"{where} holds {name} as {value.dtype}, wanted {', '.join(map(str, types))}; "
                f"{remedy}"
            )
    net = shape.build(torch.Generator().manual_seed(0))
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        raise DamagedWeights(f"{where} holds a network of another shape: {error}") from error
    if not all(torch.isfinite(value).all() for value in state.values()):
        raise DamagedWeights(f"{where} holds weights that are not finite; build the organism again")
    return net.eval().requires_grad_(False)


def shape_to_dict(shape: Any) -> dict[str, Any]:
    """JSON-ready form of a shape."""
    return {"architecture": shape.architecture, **asdict(shape)}


def shape_from_dict(data: dict[str, Any]) -> Shape:
    """Read what `shape_to_dict` wrote.

    Raises:
        SpecError: the architecture is unknown, or a field is missing, unknown or wrong.
    """
    name = data.get("architecture")
    if not isinstance(name, str) or name not in ARCHITECTURES:
        raise SpecError(f"architecture is one of {sorted(ARCHITECTURES)}, got {name!r}")
    sizes = {key: value for key, value in data.items() if key != "architecture"}
    shape: Shape = validated(ARCHITECTURES[name], sizes, SpecError)
    for field in fields(ARCHITECTURES[name]):
        size = getattr(shape, field.name)
        numbers = size if isinstance(size, tuple) else (size,)
        if any(isinstance(one, int) and not 0 <= one <= LARGEST for one in numbers):
            raise SpecError(f"{field.name} of a {name} lies in [0, {LARGEST}], got {size!r}")
    return shape
