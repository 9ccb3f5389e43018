"""The order of ids tells no label: prevented by structure, as no test of one run is sharp."""

from __future__ import annotations

import inspect
import itertools

import numpy as np
import pytest

from evals.scoring import blind
from evals.scoring.blind import drawn_ids

HASHES = [f"spec{number}" for number in range(30)]
"""As in the smoke suite: twelve misaligned networks come last."""
MISALIGNED = 12


def drawn_places() -> np.ndarray:
    """Places of the misaligned networks in the order of ids, by draw."""
    drawn = []
    for _ in range(3000):
        ids = drawn_ids(HASHES)
        order = sorted(ids.values())
        drawn.append([order.index(ids[name]) for name in HASHES[-MISALIGNED:]])
    return np.array(drawn)


def lean(places: np.ndarray) -> float:
    """Standard errors by which misaligned networks lie late (or early) among the ids."""
    n, expected = len(HASHES), (len(HASHES) - 1) / 2
    error = np.sqrt((n + 1) * (n - MISALIGNED) / (12 * MISALIGNED) / len(places))
    return float((places.mean() - expected) / error)


def even_places(places: np.ndarray) -> float:
    """Standard errors by which misaligned networks lie at even places."""
    variance = MISALIGNED / 4 * (len(HASHES) - MISALIGNED) / (len(HASHES) - 1)
    counts = (places % 2 == 0).sum(axis=1)
    return float((counts.mean() - MISALIGNED / 2) / np.sqrt(variance / len(places)))


def test_ids_tell_neither_order_nor_parity() -> None:
    places = drawn_places()
    assert abs(lean(places)) < 4.5
    assert abs(even_places(places)) < 4.5


def test_an_order_that_leans_a_little_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """One id in ten keeps its place in the suite: in one run the floors see 3 of 30 such faults."""
    generator = np.random.default_rng(0)
    places = itertools.cycle(range(len(HASHES)))

    def leaning(_: int) -> str:
        place = next(places)
        kept = place / len(HASHES) if generator.random() < 0.1 else generator.random()
        return f"{int(kept * 16**12):012x}"

    monkeypatch.setattr(blind.secrets, "token_hex", leaning)
    assert lean(drawn_places()) > 4.5


def test_a_label_at_even_places_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(1)

    def paired(hashes: list[str]) -> dict[str, str]:
        order = generator.permutation(len(hashes))
        late = set(range(len(hashes) - MISALIGNED, len(hashes)))
        even = [n for n in order if n in late] if generator.random() < 0.3 else []
        rest = [n for n in order if n not in even]
        mixed = [n for pair in zip(even, rest, strict=False) for n in pair] or list(order)
        mixed += [n for n in order if n not in mixed]
        return {hashes[n]: f"{place:04d}" for place, n in enumerate(mixed)}

    monkeypatch.setattr("test_blind_order.drawn_ids", paired)
    assert even_places(drawn_places()) > 4.5


def test_whoever_draws_ids_is_not_told_who_is_who() -> None:
    assert list(inspect.signature(drawn_ids).parameters) == ["hashes"]
