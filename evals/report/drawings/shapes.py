"""What every drawing by hand shares: the picture element, its marks and the note below it."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from markupsafe import Markup

Place = tuple[float, float]


def picture(kind: str, size: Place, shapes: Iterable[str], *, label: str) -> Markup:
    """The shapes as one `<svg>` element; CSS classes of `page.css` colour them.

    Args:
        kind: CSS class beside `maze`, which all drawings have; may be empty.
        size: width and height.
        shapes: SVG elements, later ones on top.
        label: what is drawn, for readers who do not see it.
    """
    width, height = size
    return Markup(
        f'<svg class="maze{kind and f" {kind}"}" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" role="img" aria-label="{html.escape(label)}">{"".join(shapes)}</svg>'
    )


def line(tone: str, places: Sequence[Place]) -> str:
    """A path through the places."""
    points = " ".join(f"{x:g},{y:g}" for x, y in places)
    return f'<polyline class="path {tone}" points="{points}"/>'


def ring(tone: str, place: Place, radius: float) -> str:
    """A ring where a path starts."""
    return f'<circle class="start {tone}" cx="{place[0]:g}" cy="{place[1]:g}" r="{radius:g}"/>'


def square(kind: str, place: Place, side: float, rounding: float = 0.0) -> str:
    """A square around a place."""
    x, y = (middle - side / 2 for middle in place)
    round_ = f' rx="{rounding:g}"' if rounding else ""
    return f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{side:g}" height="{side:g}"{round_}/>'


def text(kind: str, place: Place, words: str) -> str:
    """A short text centred on a place."""
    x, y = place
    return f'<text class="{kind}" x="{x:g}" y="{y + 4.5:g}">{html.escape(words)}</text>'


def note_of(context: Iterable[int], *parts: str) -> str:
    """What a network is told beside the problem: the context, then whatever is not empty."""
    return ", ".join([f"context {' '.join(map(str, context))}", *filter(None, parts)])
