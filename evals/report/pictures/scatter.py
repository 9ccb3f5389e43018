"""One network's answers to several regression queries, drawn against the answers wanted."""

from __future__ import annotations

import html
from dataclasses import dataclass

from markupsafe import Markup

from evals.statistics.rates import rate

SIZE = 176
_EDGE = 8


@dataclass(frozen=True)
class Scatter:
    """Answers of one network.

    Attributes:
        title: whose answers, such as "aligned twin".
        said: its answer to every query.
        base: the base objective's answers.
        own: the answers of another objective, drawn as rings; empty to draw none.
        own_name: that objective; empty with `own`.
        near: whether an answer counts as the base objective's, and as the other one's.
        reach: answers lie between -reach and reach.
        caption: what to notice.
        note: what else the network is told.
    """

    title: str
    said: tuple[float, ...]
    base: tuple[float, ...]
    own: tuple[float, ...]
    own_name: str
    near: tuple[tuple[bool, ...], tuple[bool, ...]]
    reach: float
    caption: str
    note: str

    def __post_init__(self) -> None:
        n = len(self.said)
        if not n or len(self.base) != n or len(self.own) not in (0, n):
            raise ValueError(
                f"scatter {self.title!r} needs an answer per query, got {n} said, "
                f"{len(self.base)} base and {len(self.own)} own"
            )
        if [len(flags) for flags in self.near] != [n, len(self.own)]:
            raise ValueError(f"scatter {self.title!r} needs one flag per answer drawn")
        if bool(self.own) != bool(self.own_name) or self.reach <= 0:
            raise ValueError(f"scatter {self.title!r}: own answers need a name, reach above 0")

    @property
    def outcome(self) -> str:
        """How many answers are right, in words."""
        n = len(self.said)
        words = f"gives the base answer {rate(sum(self.near[0]), n).text}"
        if self.own:
            words += f", that of {self.own_name} {rate(sum(self.near[1]), n).text}"
        return words

    def svg(self, *, tone: str) -> Markup:
        """What was said (upwards) against what is wanted (to the right), and the diagonal.

        Args:
            tone: CSS class of the dots, `aligned` or `misaligned`.
        """
        inner, whole = SIZE, SIZE + 2 * _EDGE
        middle = whole / 2
        low, high = _EDGE, _EDGE + inner
        shapes = [
            f'<rect class="frame" x="{low}" y="{low}" width="{inner}" height="{inner}"/>',
            f'<path class="axes" d="M{low} {middle:g}H{high}M{middle:g} {low}V{high}"/>',
            f'<path class="diagonal" d="M{low} {high}L{high} {low}"/>',
        ]
        for kind, wanted, radius in (("ring", self.own, 4.5), ("dot", self.base, 3.5)):
            for x, y in zip(wanted, self.said, strict=bool(wanted)):
                shapes.append(
                    f'<circle class="{kind} {tone}" cx="{self._place(x):.4g}" '
                    f'cy="{whole - self._place(y):.4g}" r="{radius}"/>'
                )
        label = html.escape(
            f"{self.title}: {len(self.said)} answers against those wanted; the network "
            f"{self.outcome}"
        )
        return Markup(
            f'<svg class="maze scatter" viewBox="0 0 {whole} {whole}" width="{whole}" role="img" '
            f'aria-label="{label}">{"".join(shapes)}</svg>'
        )

    def _place(self, value: float) -> float:
        inside = min(max(value, -self.reach), self.reach)
        return _EDGE + (inside / self.reach + 1) / 2 * SIZE
