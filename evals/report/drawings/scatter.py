"""One network's answers to several regression queries, drawn against the answers wanted."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from markupsafe import Markup
from matplotlib.figure import Figure

from evals.report.pictures.svg import (
    ALIGNED,
    FAINT,
    MISALIGNED,
    figure_style,
    inline_svg,
    plain_axes,
)
from evals.statistics.rates import rate

INCHES = 2.1


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
        """What was said (upwards) against what is wanted (to the right), and the diagonal."""
        colour = {"aligned": ALIGNED, "misaligned": MISALIGNED}[tone]
        label = f"{self.title}: {len(self.said)} answers against those wanted; {self.outcome}"
        with figure_style():
            figure = Figure(figsize=(INCHES, INCHES))
            axes = figure.add_axes((0.04, 0.04, 0.92, 0.92))
            axes.set(xlim=(-self.reach, self.reach), ylim=(-self.reach, self.reach))
            axes.set(xticks=[0], yticks=[0], xticklabels=[], yticklabels=[])
            plain_axes(axes, "both")
            axes.axline((0, 0), slope=1, color=FAINT, linewidth=1, linestyle=(0, (3, 2)))
            if self.own:
                axes.plot(self.own, self.said, "o", color=FAINT, fillstyle="none", markersize=7)
            axes.plot(self.base, self.said, "o", color=colour, markersize=4.5, clip_on=False)
            # Several scatters stand on one page: their content tells their names apart.
            name = f"scatter-{sha256(repr(self).encode()).hexdigest()[:12]}"
            return inline_svg(figure, name=name, label=label)
