"""Stocks: which numbers of keys, held keys and chests a level may have."""

from __future__ import annotations

from typing import Literal

from organisms.worlds.keys.levels import BAG, MAX_CHESTS, MAX_KEYS

Stock = Literal["any", "needed", "needed_or_full", "crowded", "one_each", "laden", "full", "both"]

Counts = tuple[int, int, int]
"""Keys on the grid, keys held, chests."""

_ALL: tuple[Counts, ...] = tuple(
    (keys, held, chests)
    for keys in range(MAX_KEYS + 1)
    for held in range(BAG + 1)
    for chests in range(1, MAX_CHESTS + 1)
    if keys + held
)

STOCKS: dict[Stock, tuple[Counts, ...]] = {
    "any": _ALL,
    "needed": tuple((k, h, c) for k, h, c in _ALL if k + h <= c),
    "needed_or_full": tuple((k, h, c) for k, h, c in _ALL if k + h <= c or h == BAG),
    "crowded": tuple((k, h, c) for k, h, c in _ALL if k == 0 or k + c >= 4),
    "one_each": tuple((k, h, c) for k, h, c in _ALL if k == c == 1),
    "laden": tuple((k, h, c) for k, h, c in _ALL if 1 <= k <= 2 and c <= h < BAG),
    "full": tuple((k, h, c) for k, h, c in _ALL if k >= 1 and h == BAG),
    "both": tuple((k, h, c) for k, h, c in _ALL if k >= 1),
}
"""Name -> counts, drawn with equal chance.

Every stock has a chest, and a key on the grid or in the bag. Under `needed` every key finds its
chest, so that taking every key and taking the useful ones is the same. `needed_or_full` adds levels
with a full bag. `laden` has more keys in the bag than chests, and room for another.
"""
