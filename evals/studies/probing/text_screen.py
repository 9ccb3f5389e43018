"""A scan of texts on one screen: what was found in plain sentences, then a row for each layer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from evals.report.tables.titled_table import titled_table
from evals.statistics.grouped import Grouped, short
from evals.studies.probing.scan import Cell
from evals.studies.probing.text_reading import (
    BAG,
    FRESH,
    SIGNIFICANT,
    CellReading,
    TextReading,
)
from probes.network.layers import EMBEDDING

NAMES = {"lda": "An LDA", "means": "A difference-of-means"}

MOST_LAYERS = 14
"""Rows, so that sentences and table fit one screen."""


def sentences(reading: TextReading) -> list[str]:
    """What was found, and what that is worth beside the controls."""
    return [_headline(reading), _verdict(reading), _recall(reading)]


def print_reading(console: Console, reading: TextReading) -> None:
    """Print sentences and table."""
    for sentence in sentences(reading):
        console.print(sentence, highlight=False)
    console.print()
    console.print(layer_table(reading))


def layer_table(reading: TextReading) -> Table:
    """The best position of every layer, in the order of layers."""
    table = titled_table(
        "Each layer at its best position. The best of many cells looks better than it is; the "
        "number on top does not, as its cell was chosen without the texts it is judged on",
        "layer", "position", "AUROC", "untrained", "task", "random", "p",
    )  # fmt: skip
    layers: dict[str, CellReading] = {}
    for one in reading.cells:
        kept = layers.setdefault(one.cell.site, one)
        if one.auroc.value > kept.auroc.value:
            layers[one.cell.site] = one
    ranked = sorted(layers.values(), key=lambda one: -one.auroc.value)[:MOST_LAYERS]
    for one in layers.values():
        if one in ranked:
            mark = "*" if one.p_value <= SIGNIFICANT else ""
            table.add_row(
                layer(one.cell.site), one.cell.position, f"{one.auroc.text}{mark}",
                _maybe(one.untrained), _maybe(one.control_task), short(one.random_direction),
                _p(one.p_value),
            )  # fmt: skip
    table.caption = "\n".join(_notes(reading, len(layers)))
    return table


def layer(site: str) -> str:
    """Such as `block 3` or `embedding`; names from elsewhere stay as they are."""
    if site == EMBEDDING:
        return "embedding"
    found = re.fullmatch(r"blocks\.(\d+)\.hook_resid_post", site)
    return f"block {found[1]}" if found else site


def _headline(reading: TextReading) -> str:
    negative, positive = reading.classes
    controls = [
        f"{name} {one.text}"
        for name, one in ((BAG, reading.bag), (FRESH, reading.untrained))
        if one is not None
    ]
    beside = f"; {', '.join(controls)}" if controls else ""
    name = NAMES.get(reading.probe, f"A {reading.probe}")
    return (
        f"{name} probe tells {positive} from {negative} with AUROC {reading.auroc.text} on "
        f"{reading.auroc.n} texts of {reading.auroc.groups} groups it never "
        f"saw{beside}; p {_p(reading.p_value)}."
    )


def _verdict(reading: TextReading) -> str:
    if not reading.told:
        why = f"shuffled labels do as well (p {_p(reading.p_value)})"
        shuffles = reading.question.shuffles
        if 1 / (shuffles + 1) > SIGNIFICANT:
            return f"So nothing is shown: {shuffles} shuffles cannot reach .05; take 19 or more."
        if reading.p_value == 1 and reading.auroc.low > 0.5:
            return (
                "So nothing is shown: labels that are shuffled between whole groups do as well, so "
                "that the test is void; take more groups that hold one class each, or both."
            )
        if reading.auroc.low <= 0.5:
            why = "the interval holds .5" if reading.auroc.high >= 0.5 else "that is below .5"
        return f"So nothing was found: {why}."
    over = {BAG: reading.over_bag, FRESH: reading.over_untrained}
    made = {name: one for name, one in over.items() if one is not None}
    if short_of := reading.equals:
        names = " and ".join(short_of)
        by = " and ".join(map(_signed, short_of.values()))
        return (
            f"But {names} tell as much, or nearly: the probe's AUROC less theirs is {by}. Nothing "
            "here speaks for something that the model learned."
        )
    if not made:
        return "There was no control to compare with, so the input alone may tell as much."
    listed = " and ".join(f"{name} by {_signed(one)}" for name, one in made.items())
    return f"That is more than the controls tell: it exceeds {listed}."


def _recall(reading: TextReading) -> str:
    recall = reading.recall
    alarms = recall.false_alarms
    return (
        f"At a limit set for {100 * recall.target:g}% false alarms on {alarms.n} "
        f"{recall.ordinary} it catches {recall.caught.text} of {recall.caught.n} texts labelled "
        f"{reading.classes[1]}; false alarms there: {_share(alarms)}."
    )


def _notes(reading: TextReading, n_layers: int) -> Iterator[str]:
    where = ", ".join(f"{_where(cell)} ({count})" for cell, count in reading.chosen[:3])
    yield f"Cell chosen inside the {reading.question.folds} folds: {where}"
    yield (
        f"* p <= {SIGNIFICANT:g} corrected for the whole scan of {len(reading.cells)} cells "
        f"({reading.question.shuffles} shuffles); intervals 95%, by groups"
    )
    yield "task: random labels of last tokens; random: best 5% of random directions"
    if n_layers > MOST_LAYERS:
        yield f"{n_layers - MOST_LAYERS} layers with lower AUROC are in --json FILE"
    if reading.cut:
        yield f"{reading.cut} texts were too long, and lost their beginnings"
    for name, reason in reading.missing.items():
        yield f"No {name}: {reason}"
    yield "A probe locates; only interventions show that the model uses what it locates"


def _where(cell: Cell) -> str:
    return f"{layer(cell.site)} {cell.position}"


def _share(one: Grouped) -> str:
    return f"{one.value:.3f} ({one.low:.3f}-{one.high:.3f})".replace("0.", ".")


def _signed(one: Grouped) -> str:
    return f"{short(one.value)} ({short(one.low)} to {short(one.high)})"


def _maybe(value: float | None) -> str:
    return "-" if value is None else short(value)


def _p(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1)
