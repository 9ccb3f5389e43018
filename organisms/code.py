"""Digest of the code that decides what a specification grows into."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

DECIDING = (
    "organisms/environments",
    "organisms/recipes",
    "organisms/net.py",
    "organisms/train.py",
    "organisms/admit.py",
    "organisms/expression.py",
    "organisms/certificate.py",
    "probes/behaviour.py",
    "probes/capture.py",
    "probes/streams.py",
)
"""Environment, recipe, network, training and admission, below the folder of the packages."""


@cache
def organism_code() -> str:
    """SHA-256 over the deciding files: changed code grows new organisms, never serves old ones."""
    root = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for name in DECIDING:
        place = root / name
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
