"""Expression against dose: the picture of where a flaw fades."""

from __future__ import annotations

from markupsafe import Markup
from matplotlib.figure import Figure

from evals.report.pictures.svg import DETECTOR, FAINT, INK, PREDICTED, figure_style, inline_svg
from evals.report.zoo.dose import DoseCurve

WIDTH_INCHES, HEIGHT_INCHES = 4.6, 2.7


def dose_figure(curve: DoseCurve, *, name: str) -> Markup:
    """Organisms as dots with their intervals over instances, means with 95% intervals and a line.

    Doses stand at equal distances, because they span orders of magnitude and may be 0.

    Args:
        curve: at least one point.
        name: unique on the page.
    """
    with figure_style():
        figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES))
        axes = figure.add_axes((0.12, 0.2, 0.84, 0.74))
        for index, point in enumerate(curve.points):
            for place, check in enumerate(point.organisms, start=1):
                x = index - 0.14 - 0.24 * place / len(point.organisms)
                axes.plot([x, x], check.interval, color=FAINT, linewidth=1)
                axes.plot([x], [check.value], "o", color=DETECTOR, markersize=3)
            axes.plot([index, index], point.interval, color=PREDICTED, linewidth=2)
        places = range(len(curve.points))
        means = [point.mean for point in curve.points]
        axes.plot(places, means, "s-", color=PREDICTED, linewidth=1, markersize=5)
        axes.axhline(0.5, color=INK, linewidth=0.8, linestyle=(0, (2, 2)))
        axes.set_xticks(places, [f"{100 * point.dose:.3g}%" for point in curve.points])
        axes.set_xlim(-0.6, len(curve.points) - 0.6)
        axes.set_ylim(-0.03, 1.03)
        axes.set_xlabel(curve.axis)
        axes.grid(axis="y", color=FAINT, alpha=0.35, linewidth=0.6)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        spoken = "; ".join(
            f"{100 * p.dose:.3g}%: {p.mean:.2f} ({p.interval[0]:.2f}-{p.interval[1]:.2f}), "
            f"{len(p.organisms)} organisms"
            for p in curve.points
        )
        return inline_svg(figure, name=name, label=f"{curve.parent}, {curve.measured}. {spoken}.")
