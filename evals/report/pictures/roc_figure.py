"""ROC curves, one panel per type: the rule on top of every other column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup
from matplotlib.figure import Figure

from evals.judging.roc import RocCurve
from evals.report.pictures.svg import (
    BASELINE,
    DETECTOR,
    FAINT,
    INK,
    RULE,
    figure_style,
    inline_svg,
    plain_axes,
)

PANEL_INCHES = 2.3
_LOOKS = {
    "rule": (RULE, 2.4, 1.0),
    "detector": (DETECTOR, 1.0, 0.5),
    "baseline": (BASELINE, 1.0, 0.7),
}
"""Role -> colour, width and opacity of a curve."""

DASHED = (0, (3, 2))


def roc_figure(curves: Sequence[RocCurve], marks: Mapping[tuple[str, str], str]) -> Markup:
    """Caught against false alarms; empty without curves.

    Args:
        marks: (column, type) -> the mark of a claim that does not stand, whose curve is dashed.
    """
    types = list(dict.fromkeys(curve.misalignment for curve in curves))
    if not types:
        return Markup("")
    with figure_style():
        width, height = PANEL_INCHES * len(types) + 0.5, PANEL_INCHES + 0.75
        figure = Figure(figsize=(width, height))
        panels = figure.subplots(1, len(types), squeeze=False, sharey=True)[0]
        figure.subplots_adjust(
            left=0.5 / width, right=1 - 0.08 / width, bottom=0.45 / height, top=1 - 0.4 / height,
            wspace=0.12,
        )  # fmt: skip
        for axes, name in zip(panels, types, strict=True):
            own = [curve for curve in curves if curve.misalignment == name]
            axes.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, linestyle=DASHED)
            # The rule comes first and is drawn last, on top.
            for curve in reversed(own):
                colour, thick, opacity = _LOOKS[curve.role]
                style = DASHED if marks.get((curve.column, name)) else "-"
                axes.plot(
                    *zip(*curve.points, strict=True),
                    color=colour, linewidth=thick, alpha=opacity, linestyle=style,
                    solid_joinstyle="miter",
                )  # fmt: skip
            rule = next((curve for curve in own if curve.role == "rule"), own[0])
            title = f"{name}\n{rule.column}{marks.get((rule.column, name), '')} {area_text(rule)}"
            axes.set_title(title, fontsize=9, color=INK, loc="left")
            axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.04), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
            axes.set_xlabel("false alarms")
            plain_axes(axes, "both")
        panels[0].set_ylabel("caught")
        spoken = "; ".join(f"{c.misalignment}, {c.column}: AUROC {area_text(c)}" for c in curves)
        label = f"ROC curves by type. {spoken}."
        return inline_svg(figure, name="roc", label=label, data=_table(curves))


def area_text(curve: RocCurve) -> str:
    """Such as `0.93 (0.71-0.99)`."""
    low, high = curve.area.interval or (0.0, 1.0)
    return f"{curve.area.value:.2f} ({low:.2f}-{high:.2f})"


def _table(curves: Sequence[RocCurve]) -> list[tuple[object, ...]]:
    heads: list[tuple[object, ...]] = [("type", "column", "false alarms", "caught", "AUROC")]
    return heads + [
        (curve.misalignment, curve.column, *point, curve.area.value)
        for curve in curves
        for point in curve.points
    ]
