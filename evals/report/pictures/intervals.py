"""Labelled rows on one axis: intervals and bars, the picture of rates and of risks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from evals.report.pictures.svg import INK, PAPER, figure_style, inline_svg, plain_axes

ROW_INCHES, MARGIN_INCHES = 0.235, 0.62
LEFT_INCHES, RIGHT_INCHES = 1.8, 1.8
SHORT_LABEL, LONGEST_LABEL = 21, 32
INCHES_PER_LETTER = 0.082
"""What every letter over a short label adds to the left, and to the figure's width."""

DASHED = (0, (2, 2))


@dataclass(frozen=True)
class Interval:
    """One row.

    Attributes:
        detail: to the right, such as the count.
        colour: a colour of `evals.report.pictures.svg`.
        low, high: ends of the line; None draws no line.
        centre: place of the marker; None draws none.
        hollow: empty marker and dashed line, or a bar's outline alone.
        ticks: further values, as small strokes.
        bar: ends of a filled bar; None draws none.
        link: place from which a thin line leads down to the next row; None for no line.
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
    bar: tuple[float, float] | None = None
    link: float | None = None
    heading: bool = False


@dataclass(frozen=True)
class Scale:
    """The axis.

    Attributes:
        title: its label, with the unit.
        low, high: its ends; intervals are cut there.
        logarithmic: powers of ten, as percentages.
        tick: text of a place on the axis; matplotlib's own if not given.
    """

    title: str
    low: float = 0.0
    high: float = 1.0
    logarithmic: bool = False
    reference: float | None = None
    tick: Callable[[float], str] | None = None


def draw_intervals(
    rows: Sequence[Interval],
    scale: Scale,
    *,
    name: str,
    label: str,
    width_inches: float = 6.6,
    sides: tuple[float, float] = (LEFT_INCHES, RIGHT_INCHES),
) -> Markup:
    """At least one row, first on top, as inline SVG.

    Args:
        label: what the figure shows, in words; the words of all rows follow it.
        width_inches: labels, axis and details together, where no label is long.
        sides: inches for the labels, and for the details.
    """
    labels = [shorten(row.label) for row in rows if not row.heading]
    longest = max(map(len, labels), default=0)
    extra = INCHES_PER_LETTER * max(0, longest - SHORT_LABEL)
    left_inches, width = sides[0] + extra, width_inches + extra
    height = MARGIN_INCHES + ROW_INCHES * len(rows)
    with figure_style():
        figure = Figure(figsize=(width, height))
        left, right = left_inches / width, 1 - sides[1] / width
        axes = figure.add_axes((left, 0.5 / height, right - left, 1 - MARGIN_INCHES / height))
        _prepare(axes, scale, len(rows))
        for index, row in enumerate(rows):
            _label(axes, row, index)
            if not row.heading:
                _draw(axes, row, index, scale)
        return inline_svg(figure, name=name, label=f"{label} {spoken(rows)}", data=table_of(rows))


def table_of(rows: Sequence[Interval]) -> list[tuple[object, ...]]:
    """The numbers of the rows, below a row of headings."""
    found: list[tuple[object, ...]] = [
        ("group", "row", "text", "low", "value", "high", "from", "to", "stands")
    ]
    group = ""
    for row in rows:
        if row.heading:
            group = row.label
        else:
            start, end = row.bar or (None, None)
            stands = "no" if row.hollow else "yes"
            numbers = (row.low, row.centre, row.high, start, end)
            found.append((group, row.label, row.detail, *numbers, stands))
    return found


def spoken(rows: Sequence[Interval]) -> str:
    """The rows in words, for readers who do not see them."""
    texts = [f"{row.label}: {row.detail}" if row.detail else row.label for row in rows]
    return f"{'; '.join(texts)}."


def shorten(text: str, longest: int = LONGEST_LABEL) -> str:
    """The text, cut to `longest` characters; tables hold it in full."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _prepare(axes: Any, scale: Scale, rows: int) -> None:
    if scale.logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.10g}%")
        axes.xaxis.set_minor_formatter(lambda value, _: "")
    elif scale.tick is not None:
        tick = scale.tick
        axes.locator_params(axis="x", nbins=5)
        axes.xaxis.set_major_formatter(lambda value, _: tick(value))
    axes.set_xlim(scale.low, scale.high)
    axes.set_ylim(rows - 0.5, -0.6)
    axes.set_yticks([])
    axes.set_xlabel(scale.title)
    plain_axes(axes, "x", beside=True)


def _label(axes: Any, row: Interval, index: int) -> None:
    if row.heading:
        left = blended_transform_factory(axes.figure.transFigure, axes.transData)
        text = shorten(row.label, 60)
        axes.text(0.01, index + 0.08, text, transform=left, va="center", weight="bold")
        return
    beside = axes.get_yaxis_transform()
    margin = 0.13 / (axes.get_position().width * axes.figure.get_figwidth())
    axes.text(-margin, index, shorten(row.label), transform=beside, ha="right", va="center")
    axes.text(1 + margin, index, row.detail, transform=beside, va="center")


def _draw(axes: Any, row: Interval, index: int, scale: Scale) -> None:
    def inside(value: float) -> float:
        return min(max(value, scale.low), scale.high)

    face = PAPER if row.hollow else row.colour
    if scale.reference is not None:
        around = [index - 0.5, index + 0.5]
        axes.plot([scale.reference] * 2, around, color=INK, linewidth=1, linestyle=DASHED)
    if row.bar is not None:
        start, end = row.bar
        fill = "none" if row.hollow else row.colour
        axes.barh(index, end - start, left=start, height=0.62, color=fill, edgecolor=row.colour)
    if row.link is not None:
        axes.plot([row.link] * 2, [index + 0.31, index + 0.69], color=INK, linewidth=0.8)
    if row.low is not None and row.high is not None:
        style = (0, (2.5, 1.5)) if row.hollow else "-"
        ends = [inside(row.low), inside(row.high)]
        axes.plot(ends, [index] * 2, color=row.colour, linewidth=2, linestyle=style)
    if row.ticks:
        axes.plot(row.ticks, [index] * len(row.ticks), "|", color=row.colour, markersize=9)
    if row.centre is not None:
        axes.plot(
            [inside(row.centre)], [index], row.marker, color=row.colour, markerfacecolor=face,
            markeredgewidth=1.6, markersize=6.5, clip_on=False,
        )  # fmt: skip
