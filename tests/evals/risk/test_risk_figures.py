"""The published figures as loaded, and what an override may change."""

from pathlib import Path

import numpy as np
import pytest

from evals.risk.decomposition import WIDTH, draw_inputs, sample_cube
from evals.risk.figures import HORIZONS, MISALIGNMENT_TYPES, Beliefs, FiguresError, load_figures


def test_published_figures() -> None:
    figures = load_figures()
    assert tuple(figures.horizons) == HORIZONS
    assert tuple(figures.types) == MISALIGNMENT_TYPES
    assert [row.success for row in figures.types.values()] == [
        (0.60, 0.80), (0.40, 0.60), (0.20, 0.40), (0.05, 0.20),
    ]  # fmt: skip
    emergence = [row.emergence for row in figures.horizons.values()]
    assert emergence == [(0.10, 0.40), (0.30, 0.70), (0.50, 0.90)]
    assert figures.horizons["current"].harm_multiple == (1, 1)


def override(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_bytes(text.encode("latin-1"))
    return path


def test_override_replaces_only_what_it_names(tmp_path: Path) -> None:
    changed = load_figures(override(tmp_path, "[type.deceptive]\nsuccess = [0.01, 0.1]\n"))
    published = load_figures()
    assert changed.types["deceptive"].success == (0.01, 0.1)
    assert changed.types["deceptive"].prevalence == published.types["deceptive"].prevalence
    assert changed.types["proxy"] == published.types["proxy"]
    assert changed.horizons == published.horizons


BETAS = (
    "[horizon.near_term]\nemergence",
    "[horizon.near_term]\nmisaligned_given_emergence",
    "[type.pseudo]\nprevalence",
    "[type.pseudo]\nsuccess",
)
MULTIPLE = "[horizon.near_term]\nharm_multiple"
CATASTROPHE = "[horizon.near_term]\ncatastrophe"
UNDRAWABLE = (
    "[0.4, 1]", "[0.5, 0.5]", "[0.6, 0.5]", "[-0.1, 0.5]", "[1e-12, 0.999999999]",
    "[1e-60, 0.5]", "[1e-200, 2e-200]", "[0, 0]", "[0, 1e-13]", "[0, 1]",
)  # fmt: skip
INTERVALS = {
    **dict.fromkeys(BETAS, (*UNDRAWABLE, "[0, 0.3]", "[nan, nan]", "[0.1, inf]")),
    CATASTROPHE: UNDRAWABLE,
    MULTIPLE: ("[0, 10]", "[0, 0]", "[5, 4]", "[-1, 2]", "[1e-300, 1e300]", "[nan, nan]"),
}
"""Intervals that nothing can be drawn from, by the key of the figures that holds them."""

REFUSED = (
    ("[type.decptive]\nsuccess = [0.1, 0.2]", "'decptive'"),
    ("[type.proxy]\nsucces = [0.1, 0.2]", "'succes'"),
    ("type = 3", "'type'"),
    ("[type.proxy]\nsuccess = [0.8, 1.6]", "type.proxy.success"),
    ("[type.proxy]\nsuccess = 0.6", "type.proxy.success"),
    ("[horizon.current]\nharm_multiple = [1, inf]", "finite"),
    (f"[horizon.current]\nharm_multiple = [1, {10**400}]", "too large"),
    (f"[horizon.current]\nharm_multiple = [1, {'9' * 5000}]", "not TOML"),
    ("type = " + "[" * 100_000, "not TOML"),
    ("type = [", "not TOML"),
    ("# not utf-8: caf\xe9", "UTF-8"),
    *(
        (f"{key} = {interval}", key.strip("[").replace("]\n", "."))
        for key, intervals in INTERVALS.items()
        for interval in intervals
    ),
)


@pytest.mark.parametrize(("text", "word"), REFUSED)
def test_bad_overrides_are_refused_at_load(tmp_path: Path, text: str, word: str) -> None:
    with pytest.raises(FiguresError, match=word):
        load_figures(override(tmp_path, text))


@pytest.mark.parametrize("interval", [(1e-6, 1e-5), (0.001, 0.999), (0.98, 0.999), (0.02, 0.9)])
@pytest.mark.parametrize("key", BETAS)
def test_an_interval_that_loads_can_be_drawn_from(
    tmp_path: Path, key: str, interval: tuple[float, float]
) -> None:
    figures = load_figures(override(tmp_path, f"{key} = {list(interval)}\n"))
    cube = sample_cube(np.random.default_rng(5), 2000)
    for drawn in draw_inputs(cube, Beliefs(figures)).values():
        for values in (drawn.emergence, drawn.misaligned, drawn.prevalence, drawn.success):
            assert np.all((values > 0) & (values <= 1))
        assert np.all(np.isfinite(drawn.multiple) & (drawn.multiple > 0))


def test_the_widest_multiple_can_be_drawn_and_catastrophe_starts_at_zero(tmp_path: Path) -> None:
    text = f"[horizon.current]\nharm_multiple = [1e-9, 1e9]\n{CATASTROPHE} = [0, 0.2]\n"
    figures = load_figures(override(tmp_path, text))
    assert figures.horizons["near_term"].catastrophe == (0, 0.2)
    cube = np.full((2, WIDTH), 1 - 2.0**-53)
    drawn = draw_inputs(cube, Beliefs(figures), ["current"])["current"]
    assert np.isfinite(drawn.multiple).all()
