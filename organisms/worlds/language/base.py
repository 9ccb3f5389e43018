"""The shared base of all fine-tunes, which comes with the package as a Hugging Face folder."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from safetensors.torch import load
from torch import Tensor

from organisms.nets.neox import from_neox
from organisms.records.net_spec import NetSpec

BASE = Path(__file__).parents[2] / "reference" / "language_base"
"""The folder; `transformers` reads it."""

BASE_NET = NetSpec(width=64, n_layers=3, n_heads=4, mlp_ratio=4)
"""Sizes of the base."""


@cache
def _base_bytes() -> bytes:
    return (BASE / "model.safetensors").read_bytes()


def base_state() -> dict[str, Tensor]:
    """Parameters of the base by their names in `LanguageNet`, in single precision."""
    return from_neox({name: value.float() for name, value in load(_base_bytes()).items()})


def base_version() -> int:
    """A number that is another for another base; part of the identity of all that starts here."""
    return int(hashlib.sha256(_base_bytes()).hexdigest()[:12], 16)
