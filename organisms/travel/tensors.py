"""The networks of a travelling set: named tensors in one safetensors file, never a pickle."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save
from torch import Tensor

from organisms.travel.manifest import Carried, TravelError
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import weights_bytes
from organisms.zoo.zoo import Record, Zoo

AGAIN = "get the set again from where it was exported"

State = Mapping[str, Tensor]


def stored_state(zoo: Zoo, record: Record) -> State | None:
    """The tensors of an attempt in a zoo, None where training diverged.

    Raises:
        TravelError: they are damaged or of another shape.
    """
    if record.certificate is None:
        return None
    where = f"the network in {zoo.folder(record.spec)}"
    try:
        state: State = load(zoo.weights(record.spec))
    except SafetensorError as error:
        raise TravelError(
            f"{where} is damaged ({error}); delete that folder and build again"
        ) from error
    _require_shape(state, record.spec, where)
    return state


def carried_state(path: Path, carried: Carried, spec: OrganismSpec) -> State | None:
    """The tensors of one organism of a set, None where training diverged.

    Raises:
        TravelError: they are missing, of another shape, or not those that were packed.
    """
    if carried.weights_sha256 is None:
        return None
    prefix = tensor_name(carried.hash, "")
    with safe_open(path, "pt") as file:
        names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118
        state = {name.removeprefix(prefix): file.get_tensor(name) for name in names}
    where = f"organism {carried.hash} in {path}"
    _require_shape(state, spec, where)
    if state_digest(state) != carried.weights_sha256:
        raise TravelError(f"{where} is damaged; {AGAIN}")
    return state


def serialised(state: State | None) -> bytes | None:
    """Tensors as the zoo keeps them."""
    return None if state is None else bytes(save(dict(state)))


def state_digest(state: State | None) -> str | None:
    """SHA-256 over names, types, shapes and bytes; the same however the tensors are stored."""
    if state is None:
        return None
    digest = hashlib.sha256()
    for name in sorted(state):
        value = state[name].contiguous()
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def tensor_name(organism: str, parameter: str) -> str:
    """How a parameter is called in the file of a set."""
    return f"{organism}/{parameter}"


def tensor_owners(path: Path) -> set[str]:
    """Organisms that the file of a set has tensors of.

    Raises:
        TravelError: it is not a safetensors file.
    """
    try:
        with safe_open(path, "pt") as file:
            return {name.partition("/")[0] for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise TravelError(f"{path} is not a safetensors file ({error}); {AGAIN}") from error


def _require_shape(state: State, spec: OrganismSpec, where: str) -> None:
    shape: Any = spec.shape
    wanted = _layout(shape)
    found = {name: (value.dtype, tuple(value.shape)) for name, value in state.items()}
    if found != wanted:
        wrong = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
        raise TravelError(f"{where} is not a network of its specification: see {wrong[0]!r}")


@cache
def _layout(shape: Any) -> dict[str, tuple[torch.dtype, tuple[int, ...]]]:
    stored = load(weights_bytes(shape.build(torch.Generator().manual_seed(0))))
    return {name: (value.dtype, tuple(value.shape)) for name, value in stored.items()}
