"""Two classes of texts told apart by activations, beside what tells them apart without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from sklearn.linear_model import LogisticRegression

from evals.statistics.grouped import (
    Cases,
    Grouped,
    fold_aurocs,
    grouped_auroc,
    grouped_difference,
    grouped_share,
)
from evals.studies.probing.labelled import Labelled
from evals.studies.probing.scan import Cell, Controls, Scan, Scores, linear_scores, scan
from evals.studies.probing.text_reading import CellReading, Recall, TextQuestion, TextReading
from probes.linear.controlled import corrected_p
from probes.linear.features import Features
from probes.linear.folds import Folds
from probes.linear.left_out import LeftOut
from probes.linear.saved_probe import SavedProbe

ROUNDING = 1e-3
"""Share of the spread of scores by which a kept limit is raised, so that no text on it is flagged
because another batch or precision rounds otherwise."""

OWN = "negatives of the data"


@dataclass(frozen=True)
class Material:
    """What is probed, and what it is compared with.

    Attributes:
        features, positions: a row of named positions per text.
        untrained: the same with fresh weights.
        bag: how often each token is in a text; a matrix, sparse or not.
        kinds: kind of every text for the control task, such as its last token.
        ordinary: texts of no class, at the same sites and positions.
        ordinary_name: what they are, in words.
        missing: control -> why it cannot be made.
    """

    features: Features
    positions: tuple[str, ...]
    untrained: Features | None = None
    bag: Any = None
    kinds: Int[np.ndarray, " case"] | None = None
    ordinary: Features | None = None
    ordinary_name: str = OWN
    missing: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Probed:
    """A reading, and the scan it was made from."""

    reading: TextReading
    scan: Scan


def probe_material(
    material: Material,
    labelled: Labelled,
    question: TextQuestion,
    *,
    custom: type | None = None,
    model: str = "",
    data: str = "",
    classes: tuple[str, str] = ("0", "1"),
    cut: int = 0,
) -> Probed:
    """Scan all cells, choose where to look inside the folds, and compare.

    Raises:
        FeatureError: activations cannot be used.
        LabelError: a custom probe fails.
    """
    cases, missing = labelled.cases, dict(material.missing)
    generator = np.random.default_rng(question.seed)
    kinds = material.kinds if material.kinds is not None else np.zeros(len(cases.group), dtype=int)
    controls = Controls(
        labelled.shuffled(question.shuffles, generator),
        labelled.control_tasks(kinds, question.tasks, generator),
        question.directions,
        question.seed,
    )
    if material.kinds is not None and not controls.tasks.shape[1]:
        missing["control task"] = "texts end in too few different tokens"
    found = scan(
        material.features, material.positions, labelled,
        fit=question.fit, custom=custom, controls=controls,
    )  # fmt: skip
    fresh = None
    if material.untrained is not None:
        fresh = scan(
            material.untrained, material.positions, labelled, fit=question.fit, custom=custom
        )
    ours = found.nested()
    untrained = None if fresh is None else fresh.nested()
    bag = None if material.bag is None else bag_scores(material.bag, labelled)

    def area(scores: Scores | None) -> Grouped | None:
        return None if scores is None else grouped_auroc(scores, cases)

    def over(scores: Scores | None) -> Grouped | None:
        return None if scores is None else grouped_difference(ours, scores, cases)

    cells = _cells(found, fresh)
    best = found.best()
    reading = TextReading(
        model=model,
        data=data,
        classes=classes,
        probe=custom.__name__ if custom is not None else question.method.value,
        question=question,
        auroc=grouped_auroc(ours, cases),
        chosen=tuple(Counter(found.cells[cell] for cell in found.chosen()).most_common()),
        best=found.cells[best],
        p_value=cells[best].p_value if custom is None else min(one.p_value for one in cells),
        bag=area(bag),
        untrained=area(untrained),
        over_bag=over(bag),
        over_untrained=over(untrained),
        recall=_recall(found, ours, material, question.false_alarms),
        cells=cells,
        cut=cut,
        missing=missing,
    )
    return Probed(reading, found)


def bag_scores(bag: Any, labelled: Labelled) -> Scores:
    """Held-out scores of a logistic probe on how often each token is in a text."""
    cases = labelled.cases
    scores = np.empty(len(cases.fold))
    for fold in range(labelled.n_folds):
        tested = cases.fold == fold
        model = LogisticRegression(solver="liblinear").fit(bag[~tested], cases.positive[~tested])
        scores[tested] = model.decision_function(bag[tested])
    return scores


def threshold(reference: Scores, rate: float) -> float:
    """The lowest limit above which at most this share of the reference lies."""
    ordered = np.sort(reference)[::-1]
    return float(ordered[min(int(rate * len(ordered)), len(ordered) - 1)])


def rows_at(features: Features, positions: tuple[str, ...], cell: Cell) -> torch.Tensor:
    """All texts at one cell."""
    number = positions.index(cell.position)
    return torch.cat([block.rows[:, number] for block in features.blocks(cell.site)])


def final_probe(
    material: Material, found: Scan, question: TextQuestion, *, classes: tuple[str, str], model: str
) -> SavedProbe:
    """The linear probe of the best cell, fitted on all texts.

    Its limit is set on the ordinary texts where there are some, and else on negatives, each scored
    by a probe that had not seen it.

    Args:
        model: digest of the model.
    """
    number, cases = found.best(), found.labelled.cases
    cell = found.cells[number]
    rows = rows_at(material.features, material.positions, cell)
    folds = Folds(torch.from_numpy(cases.fold), found.labelled.n_folds)
    fitted = LeftOut(rows, torch.from_numpy(cases.positive[:, None]), folds).fit((), question.fit)
    if material.ordinary is None:
        reference = found.held_out[number, ~cases.positive]
    else:
        reference = linear_scores(fitted, rows_at(material.ordinary, material.positions, cell))
    above = ROUNDING * float(reference.std())
    area = grouped_auroc(found.held_out[number], cases)
    return SavedProbe(
        weights=fitted.weights[:, 0].float().cpu(),
        bias=float(fitted.bias[0]),
        site=cell.site,
        position=cell.position,
        limit=threshold(reference, question.false_alarms) + above,
        false_alarms=question.false_alarms,
        n_reference=len(reference),
        reference=material.ordinary_name,
        classes=classes,
        model=model,
        made=f"{question.method} probe, penalty {question.alpha:g}; AUROC in its cell, by probes "
        f"that had not seen the text, {area.text} on {area.n} texts of {area.groups} groups",
    )


def _recall(found: Scan, ours: Scores, material: Material, rate: float) -> Recall:
    cases, chosen = found.labelled.cases, found.chosen()
    flagged = np.empty(len(ours), dtype=bool)
    alarms = []
    for fold, number in enumerate(chosen):
        cell = found.cells[number]
        if material.ordinary is None:
            inside = found.inside[fold, number]
            reference = inside[(cases.fold != fold) & ~cases.positive]
        else:
            rows = rows_at(material.ordinary, material.positions, cell)
            reference = found.probes[number][fold](rows)
        limit = threshold(reference, rate)
        alarms.append(reference > limit)
        flagged[cases.fold == fold] = ours[cases.fold == fold] > limit
    positive = cases.positive
    if material.ordinary is None:
        false_alarms = grouped_share(flagged[~positive], cases.among(~positive))
    else:
        worst = max(alarms, key=lambda one: int(one.sum()))
        none = np.zeros(len(worst), dtype=int)
        alone = Cases(none.astype(bool), none, np.arange(len(worst)))
        false_alarms = grouped_share(worst, alone)
    caught = grouped_share(flagged[positive], cases.among(positive))
    return Recall(caught, false_alarms, rate, material.ordinary_name)


def _cells(found: Scan, fresh: Scan | None) -> tuple[CellReading, ...]:
    p_values = corrected_p(
        torch.from_numpy(found.closed)[:, None, None],
        torch.from_numpy(found.null)[:, :, None, None],
    )
    cases = found.labelled.cases
    columns = np.repeat(cases.positive[:, None], len(found.cells), axis=1)
    untrained = None if fresh is None else fold_aurocs(fresh.held_out.T, columns, cases.fold)
    return tuple(
        CellReading(
            cell,
            grouped_auroc(found.held_out[number], cases),
            None if untrained is None else float(untrained[number]),
            None if np.isnan(found.task[number]) else float(found.task[number]),
            float(found.random_direction[number]),
            float(found.null[:, number].mean()),
            round(float(p_values[number, 0, 0]), 6),  # they are single-precision fractions
        )
        for number, cell in enumerate(found.cells)
    )
