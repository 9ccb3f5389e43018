"""One network's answers to several regression queries, drawn against the answers wanted."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from evals.report.drawings.scene import Place
from evals.report.pictures.svg import data_element
from evals.report.template import drawing
from evals.statistics.rates import rate

SIZE, EDGE = 216.0, 12.0


@dataclass(frozen=True)
class Scatter:
    """Answers of one network.

    Attributes:
        title: whose answers, such as "aligned twin".
        own: the answers of another objective, drawn as rings; empty to draw none.
        own_name: that objective; empty with `own`.
        near: whether an answer counts as the base objective's, and as the other one's.
        reach: answers lie between -reach and reach.
    """

    title: str
    said: tuple[float, ...]
    base: tuple[float, ...]
    own: tuple[float, ...]
    own_name: str
    near: tuple[tuple[bool, ...], tuple[bool, ...]]
    reach: float

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

    @property
    def note(self) -> str:
        """What else the network is told: nothing."""
        return ""

    def svg(self, *, tone: str) -> Markup:
        """What was said (upwards) against what is wanted (to the right), and the diagonal.

        Animated, every answer starts on the diagonal, where it would be right.
        """
        heads = ("said", "wanted", *([self.own_name] if self.own else []))
        columns = (self.said, self.base, *([self.own] if self.own else []))
        return drawing(
            "scatter.svg.j2",
            scatter=self,
            tone=tone,
            size=SIZE,
            edge=EDGE,
            dots=[(self._at(x, y), x - y) for x, y in zip(self.base, self.said, strict=True)],
            rings=[self._at(x, y) for x, y in zip(self.own, self.said, strict=False)],
            pixels=(SIZE - 2 * EDGE) / (2 * self.reach),
            data=data_element([heads, *zip(*columns, strict=True)]),
        )

    def _at(self, wanted: float, said: float) -> Place:
        """Place of an answer, right and down from the top left corner."""
        across, up = (
            EDGE + (SIZE - 2 * EDGE) * (value + self.reach) / (2 * self.reach)
            for value in (wanted, said)
        )
        return round(across, 1), round(SIZE - up, 1)
