"""A matplotlib figure as inline SVG in the page's colours, with equal bytes for equal data."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from typing import Any, Literal

import matplotlib
from markupsafe import Markup
from matplotlib.figure import Figure

INK, FAINT, PAPER = "#010101", "#020202", "#030303"
RULE, DETECTOR, BASELINE, FLOOR = "#040404", "#050505", "#060606", "#070707"
JUDGED, PREDICTED = "#080808", "#090909"

_VARIABLES = {
    INK: "var(--ink, #6b7280)",
    FAINT: "var(--faint, #9ca3af)",
    PAPER: "var(--card, #fff)",
    RULE: "var(--rule, #2f6fd0)",
    DETECTOR: "var(--detector, #14857a)",
    BASELINE: "var(--baseline, #a87400)",
    FLOOR: "var(--floor, #7b8390)",
    JUDGED: "var(--judged, #8b5cd6)",
    PREDICTED: "var(--predicted, #d0602a)",
}
"""Stand-in colour -> CSS variable of the page, with a mid-tone that reads on black and on white."""

_SETTINGS = {
    "svg.fonttype": "none",
    "svg.hashsalt": "mesascope",
    "text.parse_math": False,
    "font.size": 9.0,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "xtick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.color": FAINT,
    "ytick.labelcolor": INK,
}
_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_SILENT = {"Date": None, "Creator": None, "Format": None, "Type": None}


@contextmanager
def figure_style() -> Iterator[None]:
    """Draw with the page's settings, whatever the user's matplotlibrc says."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_SETTINGS)
        yield


def plain_axes(axes: Any, grid: Literal["x", "y", "both"], *, beside: bool = False) -> None:
    """Faint grid lines below the data, and no frame but the axis lines.

    Args:
        beside: leave out the left axis too, as labels stand beside the rows.
    """
    axes.grid(axis=grid, color=FAINT, alpha=0.35, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", *(["left"] if beside else [])]].set_visible(False)


def inline_svg(
    figure: Figure, *, name: str, label: str, data: Iterable[Sequence[object]]
) -> Markup:
    """The figure as one `<svg>` element; call it inside `figure_style()`.

    Args:
        name: prefix of every id inside, unique on the page.
        data: the numbers drawn, a row of headings first.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata=_SILENT)
    text = buffer.getvalue()
    opening = re.search(r"<svg [^>]*?viewBox=\"([^\"]*)\"[^>]*>", text)
    if opening is None:
        raise ValueError(f"matplotlib drew no SVG with a view box for figure {name!r}")
    body = re.sub(
        r"<style.*?</style>|<metadata>.*?</metadata>", "", text[opening.end() :], flags=re.S
    )
    body = body.replace("xlink:href", "href")
    body = re.sub(r"\bid=\"", f'id="{name}-', body)
    body = re.sub(r"(href=\"#|url\(#)", rf"\g<1>{name}-", body)
    for stand_in, variable in _VARIABLES.items():
        body = body.replace(stand_in, variable)
    width = round(float(opening.group(1).split()[2]) * 96 / 72)
    return Markup(
        f'<svg viewBox="{opening.group(1)}" width="{width}" role="img" '
        f'aria-label="{html.escape(label)}">{data_element(data)}{body.strip()}'
    )


def data_element(rows: Iterable[Sequence[object]]) -> Markup:
    """The numbers of a drawing as CSV inside it, where no browser shows them.

    A copy of the drawing keeps them, and the page hands them out as a file.
    """
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_written(one) for one in row] for row in rows)
    return Markup("<metadata>{}</metadata>").format(text.getvalue().strip())


def _written(value: object) -> object:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else value


def standalone_svg(drawing: Markup) -> str:
    """An inline drawing as a file of its own: the page's colours, light and dark, and a ground.

    Args:
        drawing: as of `inline_svg`.

    Raises:
        ValueError: the drawing has no view box.
    """
    opening = re.match(r"<svg viewBox=\"(\S+) (\S+) (\S+) (\S+)\"([^>]*)>", drawing)
    if opening is None:
        raise ValueError("wanted a drawing of inline_svg(), got none with a view box in front")
    left, top, width, height, rest = opening.groups()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{left} {top} {width} {height}"{rest}>'
        f"<style>{colours()}svg text {{ font-family: {_FONTS} !important; }}</style>"
        f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="var(--card, #fff)"/>'
        f"{drawing[opening.end() :]}\n"
    )


def colours() -> str:
    """The CSS that gives every colour variable its value, light and dark."""
    file = resources.files("evals.report.pictures").joinpath("colours.css")
    return file.read_text(encoding="utf-8")
