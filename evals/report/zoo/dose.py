"""How much of a flaw is left, dose by dose: expression of the dose families of a zoo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from markupsafe import Markup
from matplotlib.figure import Figure
from scipy import stats

from evals.report.pictures.svg import (
    DETECTOR,
    FAINT,
    INK,
    PREDICTED,
    figure_style,
    inline_svg,
    plain_axes,
)
from evals.statistics.rates import rate
from organisms.recipes.maze.doses import Baited, Dosed, Selective
from organisms.recipes.recipe import Recipe
from organisms.records.certificate import Check
from organisms.zoo.zoo import Record

PREFIX = "dose: "
"""Before the name of the expectation that a dose family measures without requiring it."""

LEVEL = 0.95

WIDTH_INCHES, HEIGHT_INCHES = 4.6, 2.7


@dataclass(frozen=True)
class DosePoint:
    """One family of a curve.

    Attributes:
        dose: in [0, 1].
        organisms: expression of every admitted organism, with its interval over instances.
    """

    family: str
    dose: float
    organisms: tuple[Check, ...]

    @property
    def mean(self) -> float:
        """Mean expression over the organisms."""
        return fmean(check.value for check in self.organisms)

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval of the mean: Student's over organisms, never inside that of the instances.

        With one organism, or with organisms that happen to agree, the spread between them says
        nothing, and the exact interval of all their instances is what remains: a lower bound of
        the uncertainty.
        """
        n = sum(check.of for check in self.organisms)
        pooled = rate(round(self.mean * n), n, level=LEVEL).interval
        assert pooled is not None
        if len(self.organisms) < 2:
            return pooled
        spread = stdev(check.value for check in self.organisms) / len(self.organisms) ** 0.5
        half = float(stats.t.ppf(0.5 + LEVEL / 2, len(self.organisms) - 1)) * spread
        low, high = min(self.mean - half, pooled[0]), max(self.mean + half, pooled[1])
        return max(low, 0.0), min(high, 1.0)


@dataclass(frozen=True)
class DoseCurve:
    """The families that differ in nothing but the dose.

    Attributes:
        parent: the family without a dose, whose name theirs begin with.
        axis: what the dose is, in words.
    """

    parent: str
    measured: str
    axis: str
    points: tuple[DosePoint, ...]


def dose_curves(records: Sequence[Record]) -> tuple[DoseCurve, ...]:
    """The curves of a zoo, one per parent, which is among its points; duds do not count."""
    families: dict[str, list[Record]] = {}
    for record in records:
        if record.admitted:
            families.setdefault(record.spec.recipe, []).append(record)
    recipes = {name: group[0].spec.build_recipe() for name, group in families.items()}
    parents = sorted({name.rpartition("_dose")[0] for name in families if _axis(recipes[name])})
    return tuple(_curve(parent, families, recipes) for parent in parents)


def dose_figure(curve: DoseCurve, *, name: str) -> Markup:
    """Organisms as dots with their intervals over instances, means with 95% intervals and a line.

    Doses stand at equal distances, because they span orders of magnitude and may be 0.
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
        plain_axes(axes, "y")
        spoken = "; ".join(
            f"{100 * p.dose:.3g}%: {p.mean:.2f} ({p.interval[0]:.2f}-{p.interval[1]:.2f}), "
            f"{len(p.organisms)} organisms"
            for p in curve.points
        )
        label = f"{curve.parent}, {curve.measured}. {spoken}."
        table = [(p.family, p.dose, *p.interval, p.mean, len(p.organisms)) for p in curve.points]
        heads = ("family", "dose", "low", "high", "mean", "organisms")
        return inline_svg(figure, name=name, label=label, data=[heads, *table])


def _curve(parent: str, families: dict[str, list[Record]], recipes: dict[str, Recipe]) -> DoseCurve:
    dosed = [name for name in families if name.rpartition("_dose")[0] == parent]
    axis, undosed = _axis(recipes[dosed[0]]) or ("", 0.0)
    named = {check.name for name in dosed for check in _checks(families[name], PREFIX)}
    expected = min(named).removeprefix(PREFIX)
    points = [
        DosePoint(name, _dose(recipes[name]), _checks(families[name], PREFIX)) for name in dosed
    ]
    whole = _checks(families.get(parent, []), expected)
    if whole:
        points.append(DosePoint(parent, undosed, whole))
    return DoseCurve(parent, expected, axis, tuple(sorted(points, key=lambda point: point.dose)))


def _axis(recipe: Recipe) -> tuple[str, float] | None:
    """What the dose is, and its value in the parent family; None where there is no dose."""
    if isinstance(recipe, Baited):
        return "share of levels on which the trigger tempts", 1.0
    if isinstance(recipe, Selective):
        return "share of levels on which the subgoal is pursued", 1.0
    if isinstance(recipe, Dosed):
        return "share of training levels that tell the objectives apart", 0.0
    return None


def _dose(recipe: Recipe) -> float:
    if isinstance(recipe, Baited | Selective):
        side: int = recipe.world.size.side
        return recipe.rows / side
    assert isinstance(recipe, Dosed)
    # Doses of colour leave the coin anywhere, as their parent does: its place is then no dose.
    share: float = recipe.distribution.recoloured or recipe.distribution.off_corner
    return share


def _checks(records: Sequence[Record], start: str) -> tuple[Check, ...]:
    return tuple(
        check
        for record in records
        if record.certificate is not None
        for check in record.certificate.checks
        if check.name.startswith(start)
    )
