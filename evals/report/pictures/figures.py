"""The pictures of a risk report as files of their own."""

from __future__ import annotations

from pathlib import Path

from evals.report.pictures.fan import fan
from evals.report.pictures.information_figure import information_figure
from evals.report.pictures.svg import standalone_svg
from evals.report.pictures.waterfall import waterfall
from evals.risk.risk_report import RiskReport

FIGURES = {
    "waterfall": waterfall,
    "fan": fan,
    "information": information_figure,
}


def write_figures(report: RiskReport, folder: Path) -> tuple[Path, ...]:
    """Write `NAME.svg` for every one of `FIGURES`; each opens alone in a browser.

    Args:
        report: what is drawn.
        folder: made where it is missing.

    Returns:
        The files, in the order of `FIGURES`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, draw in FIGURES.items():
        path = folder / f"{name}.svg"
        path.write_text(standalone_svg(draw(report)), encoding="utf-8")
        paths.append(path)
    return tuple(paths)
