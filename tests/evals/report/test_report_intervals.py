"""Labels of interval rows are drawn in full, at the price of a wider figure."""

from __future__ import annotations

import re

import pytest

from evals.report.pictures.intervals import LONGEST_LABEL, Interval, Scale, draw_intervals


def drawn(label: str) -> str:
    rows = [Interval(label, low=0.2, high=0.6, centre=0.4)]
    return str(draw_intervals(rows, Scale("rate"), name="one", label="one row"))


def width(svg: str) -> float:
    found = re.search(r'viewBox="0 0 ([\d.]+)', svg)
    assert found
    return float(found[1])


@pytest.mark.parametrize(
    "label", ["panel", "distractor_sensitivity", "combined_fisher_interventions"]
)
def test_a_name_is_not_cut(label: str) -> None:
    assert label in drawn(label)


def test_only_long_names_widen_the_figure_and_endless_ones_are_cut() -> None:
    usual = width(drawn("x" * 5))
    assert width(drawn("x" * 21)) == usual
    assert width(drawn("x" * 30)) > usual
    endless = drawn("x" * 99)
    assert "x" * (LONGEST_LABEL - 1) + "…" in endless
    assert width(endless) == width(drawn("x" * LONGEST_LABEL))
