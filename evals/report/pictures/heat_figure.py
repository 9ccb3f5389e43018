"""What linear probes read at every site of one network, beside the same network untrained."""

from __future__ import annotations

import math
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from evals.report.pictures.svg import INK, RULE, figure_style, inline_svg

CELL_INCHES, ROW_INCHES, LEFT_INCHES = 0.46, 0.26, 1.9
TITLE_INCHES = 1.5
"""Room that the title of a map takes, where it has few columns."""

DARKEST = 0.6
"""Opacity of accuracy 1: figures stay readable on it, light and dark."""


@dataclass(frozen=True)
class ProbeMap:
    """Held-out accuracies in [0, 1], by variable and then by site.

    Attributes:
        network: which one, in words.
        instances: that the probes were fitted and tested on.
        control: what the same probes reach in a network of the same shape with fresh weights.
        inputs: what they reach by variable without any network, from the input at the decision;
            NaN where nobody asked.
        chance: by variable: the commonest class.
        titles: of the two maps.
        axes: what a row and a column stand for.
        measure: what the numbers are.
    """

    network: str
    instances: int
    variables: tuple[str, ...]
    sites: tuple[str, ...]
    accuracy: tuple[tuple[float, ...], ...]
    control: tuple[tuple[float, ...], ...]
    inputs: tuple[float, ...]
    chance: tuple[float, ...]
    titles: tuple[str, str] = ("trained network", "untrained network")
    axes: tuple[str, str] = ("variable", "site")
    measure: str = "accuracy"

    def __post_init__(self) -> None:
        shape = {(len(rows), len(rows[0])) for rows in (self.accuracy, self.control)}
        if shape != {(len(self.variables), len(self.sites))} or not (
            len(self.inputs) == len(self.chance) == len(self.variables)
        ):
            raise ValueError(f"wanted a row per variable and a column per site, got {shape}")


def heat_figure(probes: ProbeMap) -> Markup:
    """Two maps side by side; the darker, the farther from chance towards 1."""
    n_sites, n_rows = len(probes.sites), len(probes.variables)
    wide = max(CELL_INCHES * (n_sites + 1), TITLE_INCHES)
    width, height = LEFT_INCHES + wide + 0.3 + wide, ROW_INCHES * n_rows + 0.72
    with figure_style():
        figure = Figure(figsize=(width, height))
        panels = (
            (probes.titles[0], probes.accuracy, probes.inputs, "input"),
            (probes.titles[1], probes.control, probes.chance, "chance"),
        )
        for number, (title, rows, last, name) in enumerate(panels):
            left = LEFT_INCHES + number * (wide + 0.3)
            bottom, tall = 0.08 / height, ROW_INCHES * n_rows / height
            axes = figure.add_axes((left / width, bottom, wide / width, tall))
            shown = max(n_sites + 1, TITLE_INCHES / CELL_INCHES)
            axes.set(xlim=(0, shown), ylim=(n_rows, 0), yticks=[])
            axes.xaxis.tick_top()
            axes.set_xticks(
                [i + 0.5 for i in range(n_sites + 1)], [*map(short, probes.sites), name]
            )
            axes.tick_params(length=0, labelsize=7.5)
            axes.spines[:].set_visible(False)
            axes.set_title(title, fontsize=9.5, color=INK, loc="left", weight="bold")
            for row, values in enumerate(rows):
                for column, value in enumerate((*values, last[row])):
                    least = probes.chance[row]
                    known = not math.isnan(value)
                    shade = max(0.0, (value - least) / (1 - least)) if known and least < 1 else 0.0
                    # A thin gap sets the last column, which is of no site, apart.
                    x = column + 0.08 * (column == n_sites)
                    axes.add_patch(
                        Rectangle((x, row), 0.94, 0.9, color=RULE, alpha=DARKEST * shade, lw=0)
                    )
                    text = f"{value:.2f}".replace("0.", ".", 1) if known else "-"
                    axes.text(x + 0.47, row + 0.48, text, ha="center", va="center", fontsize=8)
                if not number:
                    axes.text(-0.15, row + 0.48, probes.variables[row], ha="right", va="center")
        heads = (*probes.axes, "trained", "untrained", "input alone", "chance")
        table = [
            (variable, site, probes.accuracy[v][s], probes.control[v][s], probes.inputs[v],
             probes.chance[v])
            for v, variable in enumerate(probes.variables)
            for s, site in enumerate(probes.sites)
        ]  # fmt: skip
        best = "; ".join(
            f"{variable}: at best {max(probes.accuracy[v]):.2f}, untrained "
            f"{max(probes.control[v]):.2f}, input {probes.inputs[v]:.2f}, "
            f"chance {probes.chance[v]:.2f}"
            for v, variable in enumerate(probes.variables)
        )
        label = f"Held-out {probes.measure} of linear probes in {probes.network}. {best}."
        return inline_svg(figure, name="probes", label=label, data=[heads, *table])


def short(site: str) -> str:
    """`blocks.3.hook_resid_mid` as `3 mid` on two lines."""
    return site.replace("blocks.", "").replace("hook_resid_", "").replace(".", "\n")
