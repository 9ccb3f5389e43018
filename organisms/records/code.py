"""Digest of the source that grows organisms: provenance in their records, which decides nothing."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def organism_code() -> str:
    """SHA-256 over the names and bytes of everything in `organisms` and `probes`, 16 digits."""
    digest = hashlib.sha256()
    for path in sorted((*(ROOT / "organisms").rglob("*.py"), *(ROOT / "probes").rglob("*.py"))):
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
