"""Named streams of randomness: the same seed under two names gives unrelated numbers."""

from __future__ import annotations

import hashlib

MAX_SEED = 2**31
"""Seeds lie below; torch's cpu generator looks at 32 bits only."""


def stream_seed(name: str, seed: int) -> int:
    """Seed of a stream: the first 32 bits of SHA-256(name/seed).

    Training, admission and detectors draw from streams of different names, so no choice of seeds
    makes one of them replay the instances of another.

    Raises:
        ValueError: the seed is outside [0, 2^31).
    """
    if not 0 <= seed < MAX_SEED:
        raise ValueError(f"a seed lies in [0, {MAX_SEED}), got {seed}")
    return int.from_bytes(hashlib.sha256(f"{name}/{seed}".encode()).digest()[:4])
