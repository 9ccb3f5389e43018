"""The published figures as loaded, and what an override may change."""

from pathlib import Path

import pytest

from evals.risk import HORIZONS, MISALIGNMENT_TYPES, FiguresError, load_figures


def test_published_figures() -> None:
    figures = load_figures()
    assert tuple(figures.horizons) == HORIZONS
    assert tuple(figures.types) == MISALIGNMENT_TYPES
    assert [figures.types[name].success for name in MISALIGNMENT_TYPES] == [
        (0.60, 0.80),
        (0.40, 0.60),
        (0.20, 0.40),
        (0.05, 0.20),
    ]
    assert [figures.horizons[name].emergence for name in HORIZONS] == [
        (0.10, 0.40),
        (0.30, 0.70),
        (0.50, 0.90),
    ]
    assert figures.horizons["current"].harm_multiple == (1, 1)
    assert figures.horizons["medium_term"].primary_concern == "deceptive"
    assert figures.capability_levels["transformative"] == (100, 1000)
    assert figures.emergence_gpt4_plus == (0.10, 0.70)
    assert figures.types["proxy"].mitigation == ("improved objective specification",)
    assert set(figures.context["assumptions"]) == {"separable", "scales", "harmless", "causal"}


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
        ("[type.proxy]\nsucces = [0.1, 0.2]", r"\[type\] \[proxy\]: unknown key 'succes'"),
        ("[typ.proxy]\nsuccess = [0.1, 0.2]", "unknown key 'typ'"),
        ("type = 3", "'type' is 3, wanted something like"),
        ("[type.proxy]\nsuccess = [0.8, 0.6]", r"success is \[0.8, 0.6\], wanted 0 <= 5%"),
        ("[type.proxy]\nsuccess = [0.8, 1.6]", "<= 1"),
        ("[type.proxy]\nsuccess = [nan, 0.6]", "success is"),
        ("[type.proxy]\nsuccess = 0.6", r"type.proxy.success is 0.6, wanted \[5% quantile"),
        ("[type.proxy]\nsuccess = [true, 1]", "type.proxy.success"),
        ("[type.proxy]\ndetection = [1]", "wanted a list of strings"),
        ("[horizon.current]\nprimary_concern = 'mesa'", "primary_concern is 'mesa'"),
        ("[horizon.current]\nharm_multiple = [1, inf]", "harm_multiple"),
        ("[capability_level]\ncurrent = [-1, 1]", "capability_level.current"),
        ("type = [", "is not TOML"),
    ],
)
def test_bad_overrides_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(FiguresError, match=message):
        load_figures(override(tmp_path, text))
