"""The published figures as loaded, and what an override may change."""

import re
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
    path.write_text(text, encoding="utf-8")
    return path


def test_override_replaces_only_what_it_names(tmp_path: Path) -> None:
    changed = load_figures(override(tmp_path, "[type.deceptive]\nsuccess = [0.01, 0.1]\n"))
    published = load_figures()
    assert changed.types["deceptive"].success == (0.01, 0.1)
    assert changed.types["deceptive"].prevalence == published.types["deceptive"].prevalence
    assert changed.types["proxy"] == published.types["proxy"]
    assert changed.horizons == published.horizons


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[type.decptive]\nsuccess = [0.1, 0.2]", "unknown key 'decptive'; known here: proxy,"),
        ("[type.proxy]\nsucces = [0.1, 0.2]", "unknown key 'succes'"),
        ("[typ.proxy]\nsuccess = [0.1, 0.2]", "unknown key 'typ'"),
        ("type = 3", "'type' is 3"),
        ("[type.proxy]\nsuccess = [0.8, 0.6]", "proxy.success: .*wanted"),
        ("[type.proxy]\nsuccess = [0.8, 1.6]", "proxy.success: .*wanted"),
        ("[type.proxy]\nsuccess = [nan, 0.6]", "two finite"),
        ("[type.proxy]\nsuccess = 0.6", "type.proxy.success is 0.6, wanted"),
        ("[type.proxy]\nsuccess = [true, 1]", "type.proxy.success"),
        ("[horizon.current]\nharm_multiple = [1, inf]", "current.harm_multiple is .* finite"),
        (f"[horizon.current]\nharm_multiple = [1, {10**400}]", "two finite"),
        (f"[horizon.current]\nharm_multiple = [1, {'9' * 5000}]", "not TOML"),
        ("type = " + "[" * 100_000, "not TOML"),
        ("type = [", "not TOML"),
    ],
)
def test_bad_overrides_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FiguresError, match=message):
        load_figures(override(tmp_path, text))


BETAS = (
    "[horizon.near_term]\nemergence",
    "[horizon.near_term]\nmisaligned_given_emergence",
    "[type.pseudo]\nprevalence",
    "[type.pseudo]\nsuccess",
)
MULTIPLES = ("[horizon.near_term]\nharm_multiple",)
CATASTROPHE = "[horizon.near_term]\ncatastrophe"
UNDRAWABLE = (
    "[0.4, 1]", "[0.5, 0.5]", "[0.6, 0.5]", "[-0.1, 0.5]", "[1e-12, 0.999999999]",
    "[1e-60, 0.5]", "[1e-200, 2e-200]", "[0, 0]", "[0, 1e-13]", "[0, 1]",
)  # fmt: skip
CASES = (
    *((key, interval) for key in (*BETAS, CATASTROPHE) for interval in UNDRAWABLE),
    *((key, "[0, 0.3]") for key in BETAS),
    *(
        (key, interval)
        for key in MULTIPLES
        for interval in ("[0, 10]", "[0, 0]", "[5, 4]", "[-1, 2]", "[1e-300, 1e300]")
    ),
    *((key, interval) for key in (*BETAS, *MULTIPLES) for interval in ("[nan, nan]", "[0.1, inf]")),
)


@pytest.mark.parametrize(("key", "interval"), CASES)
def test_an_interval_that_nothing_can_be_drawn_from_is_refused_at_load(
    tmp_path: Path, key: str, interval: str
) -> None:
    file_key = re.escape(key.strip("[").replace("]\n", "."))
    path = override(tmp_path, f"{key} = {interval}\n")
    with pytest.raises(
        FiguresError, match=rf"mine\.toml: {file_key}\b.*(wanted|missed) .*[,;] \w+"
    ):
        load_figures(path)


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


def test_the_widest_harm_multiple_has_finite_draws(tmp_path: Path) -> None:
    figures = load_figures(override(tmp_path, "[horizon.current]\nharm_multiple = [1e-9, 1e9]\n"))
    cube = np.full((2, WIDTH), 1 - 2.0**-53)
    drawn = draw_inputs(cube, Beliefs(figures), ["current"])["current"]
    assert np.isfinite(drawn.multiple).all()


def test_a_catastrophe_row_may_start_at_zero(tmp_path: Path) -> None:
    figures = load_figures(override(tmp_path, f"{CATASTROPHE} = [0, 0.2]\n"))
    assert figures.horizons["near_term"].catastrophe == (0, 0.2)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(b"# caf\xe9\n")
    with pytest.raises(FiguresError, match=r"mine\.toml is not TOML: .* write it as UTF-8"):
        load_figures(path)
