"""Labelled rows of intervals on one axis: the picture of rates and of risks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from evals.report.pictures.svg import FAINT, INK, PAPER, figure_style, inline_svg

ROW_INCHES, MARGIN_INCHES = 0.235, 0.62
LEFT_INCHES, RIGHT_INCHES = 1.8, 1.8
SHORT_LABEL, LONGEST_LABEL = 21, 32
INCHES_PER_LETTER = 0.082
"""What every letter over a short label adds to the left, and to the figure's width."""


@dataclass(frozen=True)
class Interval:
    """One row.

    Attributes:
        label: to the left.
        detail: to the right, such as the count.
        colour: a colour of `evals.report.pictures.svg`.
        marker: matplotlib marker of the centre.
        low, high: ends of the line; None draws no line.
        centre: place of the marker; None draws none.
        hollow: empty marker and dashed line.
        ticks: further values, as small strokes.
        band: range shaded behind the line.
        heading: a title of the rows below; only `label` is drawn.
    """

    label: str
    detail: str = ""
    colour: str = INK
    marker: str = "o"
    low: float | None = None
    high: float | None = None
    centre: float | None = None
    hollow: bool = False
    ticks: tuple[float, ...] = ()
    band: tuple[float, float] | None = None
    heading: bool = False


@dataclass(frozen=True)
class Scale:
    """The axis.

    Attributes:
        title: its label, with the unit.
        low, high: its ends; intervals are cut there.
        logarithmic: powers of ten, as percentages.
        reference: a vertical line through the rows, None for none.
    """

    title: str
    low: float = 0.0
    high: float = 1.0
    logarithmic: bool = False
    reference: float | None = None


def draw_intervals(
    rows: Sequence[Interval], scale: Scale, *, name: str, label: str, width_inches: float = 5.5
) -> Markup:
    """The rows, first on top, as inline SVG.

    Args:
        rows: at least one.
        scale: the shared axis.
        name: unique on the page.
        label: what the figure shows, in words.
        width_inches: labels, axis and details together, where no label is long.
    """
    height = MARGIN_INCHES + ROW_INCHES * len(rows)
    longest = max((len(shorten(row.label)) for row in rows if not row.heading), default=0)
    added = INCHES_PER_LETTER * max(longest - SHORT_LABEL, 0)
    width = width_inches + added
    with figure_style():
        figure = Figure(figsize=(width, height))
        left, right = (LEFT_INCHES + added) / width, 1 - RIGHT_INCHES / width
        axes = figure.add_axes((left, 0.52 / height, right - left, 1 - MARGIN_INCHES / height))
        _prepare(axes, scale, len(rows))
        for index, row in enumerate(rows):
            _draw(axes, row, index, scale)
        return inline_svg(figure, name=name, label=label)


def shorten(text: str, longest: int = LONGEST_LABEL) -> str:
    """The text, cut to `longest` characters; tables hold it in full."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _prepare(axes: Any, scale: Scale, rows: int) -> None:
    if scale.logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.10g}%")
        axes.xaxis.set_minor_formatter(lambda value, _: "")
    axes.set_xlim(scale.low, scale.high)
    axes.set_ylim(rows - 0.5, -0.6)
    axes.set_yticks([])
    axes.set_xlabel(scale.title)
    axes.grid(axis="x", color=FAINT, alpha=0.35, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)


def _draw(axes: Any, row: Interval, index: int, scale: Scale) -> None:
    beside = axes.get_yaxis_transform()
    margin = 0.13 / (axes.get_position().width * axes.figure.get_figwidth())
    if row.heading:
        left = blended_transform_factory(axes.figure.transFigure, axes.transData)
        text = shorten(row.label, 60)
        axes.text(0.01, index + 0.08, text, transform=left, va="center", weight="bold")
        return
    axes.text(-margin, index, shorten(row.label), transform=beside, ha="right", va="center")
    axes.text(1 + margin, index, row.detail, transform=beside, va="center")

    if scale.reference is not None:
        around = [index - 0.5, index + 0.5]
        axes.plot([scale.reference] * 2, around, color=INK, linewidth=1, linestyle=(0, (2, 2)))

    def inside(value: float) -> float:
        return min(max(value, scale.low), scale.high)

    if row.band is not None:
        low, high = map(inside, row.band)
        axes.fill_betweenx(
            [index - 0.32, index + 0.32], low, high, color=row.colour, alpha=0.2, lw=0
        )
    if row.low is not None and row.high is not None:
        ends = [inside(row.low), inside(row.high)]
        style = (0, (2.5, 1.5)) if row.hollow else "-"
        axes.plot(ends, [index] * 2, color=row.colour, linewidth=2, linestyle=style)
    if row.ticks:
        axes.plot(row.ticks, [index] * len(row.ticks), "|", color=row.colour, markersize=9)
    if row.centre is not None:
        face = PAPER if row.hollow else row.colour
        axes.plot(
            [inside(row.centre)],
            [index],
            row.marker,
            color=row.colour,
            markerfacecolor=face,
            markeredgewidth=1.6,
            markersize=6.5,
            clip_on=False,
        )
