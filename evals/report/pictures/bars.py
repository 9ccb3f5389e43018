"""Labelled horizontal bars on one axis: the picture of what adds up, and of what moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from evals.report.pictures.svg import FAINT, INK, figure_style, inline_svg

ROW_INCHES, MARGIN_INCHES = 0.27, 0.62
LEFT_INCHES, RIGHT_INCHES, WIDTH_INCHES = 2.5, 1.75, 7.4


@dataclass(frozen=True)
class Segment:
    """A filled part of the axis; `hollow` draws its outline alone."""

    start: float
    end: float
    colour: str
    hollow: bool = False


@dataclass(frozen=True)
class Bar:
    """One row.

    Attributes:
        label: to the left.
        segments: what is drawn.
        detail: to the right.
        link: place from which a thin line leads down to the next row; None for no line.
    """

    label: str
    segments: tuple[Segment, ...]
    detail: str = ""
    link: float | None = None


def draw_bars(
    rows: Sequence[Bar],
    *,
    title: str,
    tick: Callable[[float], str],
    name: str,
    label: str,
    reference: float | None = None,
    highest: float | None = None,
) -> Markup:
    """The rows, first on top, as inline SVG.

    Args:
        rows: at least one.
        title: of the axis, with its unit.
        tick: text of a place on the axis.
        name: unique on the page.
        label: what the figure shows, in words.
        reference: place of a dashed line through all rows.
        highest: end of the axis; by default a little beyond the longest bar.
    """
    height = MARGIN_INCHES + ROW_INCHES * len(rows)
    with figure_style():
        figure = Figure(figsize=(WIDTH_INCHES, height))
        left, right = LEFT_INCHES / WIDTH_INCHES, 1 - RIGHT_INCHES / WIDTH_INCHES
        axes = figure.add_axes((left, 0.5 / height, right - left, 1 - MARGIN_INCHES / height))
        _prepare(axes, rows, title, tick, highest)
        if reference is not None:
            axes.axvline(reference, color=INK, linewidth=1, linestyle=(0, (2, 2)))
        for index, row in enumerate(rows):
            _draw(axes, row, index, last=index == len(rows) - 1)
        return inline_svg(figure, name=name, label=label)


def _prepare(
    axes: Any, rows: Sequence[Bar], title: str, tick: Callable[[float], str], highest: float | None
) -> None:
    places = [place for row in rows for part in row.segments for place in (part.start, part.end)]
    low, high = min(places, default=0.0), max(places, default=1.0)
    # A bar that starts at 0 must be seen to start there; others need air on both sides.
    room = 0.04 * (high - low) or 1e-6
    axes.set_xlim(0 if low >= 0 and low < 0.2 * high else low - room, highest or high + room)
    axes.set_ylim(len(rows) - 0.5, -0.6)
    axes.set_yticks([])
    axes.locator_params(axis="x", nbins=5)
    axes.xaxis.set_major_formatter(lambda value, _: tick(value))
    axes.set_xlabel(title)
    axes.grid(axis="x", color=FAINT, alpha=0.35, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)


def _draw(axes: Any, row: Bar, index: int, *, last: bool) -> None:
    beside = axes.get_yaxis_transform()
    axes.text(-0.03, index, row.label, transform=beside, ha="right", va="center")
    axes.text(1.03, index, row.detail, transform=beside, va="center")
    for part in row.segments:
        axes.barh(
            index,
            part.end - part.start,
            left=part.start,
            height=0.62,
            color="none" if part.hollow else part.colour,
            edgecolor=part.colour,
            linewidth=1.2,
        )
    if row.link is not None and not last:
        axes.plot([row.link] * 2, [index + 0.31, index + 0.69], color=INK, linewidth=0.8)
