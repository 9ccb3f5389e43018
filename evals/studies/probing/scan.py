"""Probes at every site and position, and where one would look without the fold that is tested."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from detect.contract.failure import told
from evals.statistics.grouped import fold_aurocs
from evals.studies.probing.labelled import LabelError, Labelled, Labels
from probes.linear.closed_form import Method
from probes.linear.features import Features
from probes.linear.folds import Folds
from probes.linear.left_out import Directions, LeftOut
from probes.linear.sweep import Fit

Scores = Float[np.ndarray, " case"]
Probe = Callable[[Float[Tensor, "case width"]], Scores]


@dataclass(frozen=True)
class Cell:
    """One site and one position.

    Attributes:
        site: name of a module, or of a place elsewhere.
        position: such as `last`.
    """

    site: str
    position: str


@dataclass(frozen=True)
class Controls:
    """What a scan does beside its probes.

    Attributes:
        shuffled: labels that mean nothing.
        tasks: random labels of kinds of text; no column where there are no such kinds.
        directions: random directions in every cell.
        seed: draws them.
    """

    shuffled: Labels
    tasks: Bool[np.ndarray, "case task"]
    directions: int
    seed: int


@dataclass(frozen=True)
class Scan:
    """Scores of texts by probes that never saw their fold.

    Attributes:
        held_out: by the probe fitted on all other folds.
        inside: for every fold what probes say that saw neither that fold nor the text's own; NaN
            in that fold. The cell for a fold is chosen by these.
        probes: of a cell, by the fold left out.
        closed: AUROC of the closed-form probe, to which shuffles are compared.
        null: of the same probe on shuffled labels; no row where no controls were asked for.
        task: mean AUROC of the control tasks; NaN without.
        random_direction: 95% quantile of the AUROC along random directions; NaN without.
    """

    labelled: Labelled
    cells: tuple[Cell, ...]
    held_out: Float[np.ndarray, "cell case"]
    inside: Float[np.ndarray, "fold cell case"]
    probes: tuple[tuple[Probe, ...], ...]
    closed: Float[np.ndarray, " cell"]
    null: Float[np.ndarray, "shuffle cell"]
    task: Float[np.ndarray, " cell"]
    random_direction: Float[np.ndarray, " cell"]

    def chosen(self) -> list[int]:
        """Cell of every fold: the best one on the other folds, by probes that never saw it."""
        cases, best = self.labelled.cases, []
        for fold, scores in enumerate(self.inside):
            rest = cases.fold != fold
            best.append(_best(scores[:, rest], cases.positive[rest], cases.fold[rest]))
        return best

    def nested(self) -> Scores:
        """Scores of every text in the cell that was chosen without its fold."""
        fold, result = self.labelled.cases.fold, np.empty(self.held_out.shape[1])
        for number, cell in enumerate(self.chosen()):
            result[fold == number] = self.held_out[cell, fold == number]
        return result

    def best(self) -> int:
        """The best cell on all texts: where the final probe is fitted."""
        cases = self.labelled.cases
        return _best(self.held_out, cases.positive, cases.fold)


def scan(
    features: Features,
    positions: Sequence[str],
    labelled: Labelled,
    *,
    fit: Fit,
    custom: type | None = None,
    controls: Controls | None = None,
) -> Scan:
    """Fit probes in every cell, one cell in memory at a time beside what the features keep.

    Args:
        features: one row of positions per text.
        custom: a class of scikit-learn's kind, which then is what is fitted; `fit` serves the
            controls.

    Raises:
        FeatureError: activations are not finite or shapes differ.
        LabelError: the custom class fails, or gives no probability per text.
    """
    cells, held, inside, probes, found = [], [], [], [], []
    for site in features.sites:
        for number, position in enumerate(positions):
            rows = torch.cat([block.rows[:, number] for block in features.blocks(site)])
            one = _Rows(rows, labelled, fit, custom, controls)
            cells.append(Cell(site, position))
            probes.append(tuple(one.probe((fold,)) for fold in range(labelled.n_folds)))
            held.append(one.held_out(probes[-1]))
            inside.append(one.inside())
            found.append(one.controlled())
    closed, null, task, along = zip(*found, strict=True)
    return Scan(
        labelled,
        tuple(cells),
        np.array(held),
        np.array(inside).swapaxes(0, 1),
        tuple(probes),
        np.array(closed),
        np.array(null).T,
        np.array(task),
        np.array(along),
    )


class _Rows:
    """The texts at one cell."""

    def __init__(
        self,
        rows: Float[Tensor, "case width"],
        labelled: Labelled,
        fit: Fit,
        custom: type | None,
        controls: Controls | None,
    ) -> None:
        self.rows, self.cases, self.fit, self.custom = rows, labelled.cases, fit, custom
        self.n_folds, self.controls = labelled.n_folds, controls
        self.columns: Labels = self.cases.positive[:, None]
        if controls is not None:
            self.columns = np.hstack([self.columns, controls.shuffled, controls.tasks])
        folds = Folds(torch.from_numpy(self.cases.fold), labelled.n_folds)
        self.left_out = LeftOut(rows, torch.from_numpy(self.columns), folds)

    def probe(self, without: tuple[int, ...]) -> Probe:
        """The probe fitted without some folds."""
        if self.custom is not None:
            kept = ~np.isin(self.cases.fold, without)
            return fit_custom(self.custom, self.rows, self.cases.positive, kept)
        directions = self.left_out.fit(without, self.fit, targets=slice(0, 1))
        return partial(linear_scores, directions)

    def held_out(self, probes: Sequence[Probe]) -> Scores:
        """Every text by the probe without its fold."""
        result = np.empty(len(self.rows))
        for fold, probe in enumerate(probes):
            tested = self.cases.fold == fold
            result[tested] = probe(self.rows[torch.from_numpy(tested)])
        return result

    def inside(self) -> Float[np.ndarray, "fold case"]:
        """For every fold, the texts of other folds by probes without either."""
        result = np.full((self.n_folds, len(self.rows)), np.nan)
        for pair in combinations(range(self.n_folds), 2):
            probe = self.probe(pair)
            for fold, other in (pair, pair[::-1]):
                tested = self.cases.fold == other
                result[fold, tested] = probe(self.rows[torch.from_numpy(tested)])
        return result

    def controlled(self) -> tuple[float, Scores, float, float]:
        """AUROC of the closed form, of it on shuffled labels, of tasks, of random directions."""
        if self.controls is None:
            return np.nan, np.empty(0), np.nan, np.nan
        quick = self.fit.method is Method.logistic
        fit = Fit(method=Method.lda, alpha=self.fit.alpha) if quick else self.fit
        scores = np.empty(self.columns.shape)
        for fold in range(self.n_folds):
            tested = self.cases.fold == fold
            directions = self.left_out.fit((fold,), fit)
            rows = self.rows[torch.from_numpy(tested)]
            scores[tested] = directions.scores(rows).cpu().numpy()
        areas = fold_aurocs(scores, self.columns, self.cases.fold)
        count = 1 + self.controls.shuffled.shape[1]
        tasks = areas[count:]
        task = float(tasks.mean()) if len(tasks) else np.nan
        return float(areas[0]), areas[1:count], task, self._along()

    def _along(self) -> float:
        """95% quantile of AUROC along random directions, each turned by its training texts."""
        assert self.controls is not None
        count, width = self.controls.directions, self.rows.shape[1]
        generator = torch.Generator().manual_seed(self.controls.seed)
        drawn = torch.randn(width, count, generator=generator).to(self.rows)
        spread = self.rows.std(dim=0)
        seen = (self.rows / spread.where(spread > 0, 1) @ drawn).cpu().numpy()
        for fold in range(self.n_folds):
            tested = self.cases.fold == fold
            high, low = self.cases.positive & ~tested, ~self.cases.positive & ~tested
            turned = seen[high].mean(axis=0) < seen[low].mean(axis=0)
            seen[tested] *= np.where(turned, -1, 1)
        positive = np.repeat(self.cases.positive[:, None], count, axis=1)
        return float(np.quantile(fold_aurocs(seen, positive, self.cases.fold), 0.95))


def linear_scores(directions: Directions, rows: Float[Tensor, "case width"]) -> Scores:
    """Scores of the first probe."""
    return np.asarray(directions.scores(rows)[:, 0].cpu().numpy())


def fit_custom(
    kind: type, rows: Float[Tensor, "case width"], positive: np.ndarray, kept: np.ndarray
) -> Probe:
    """Fit an object of scikit-learn's kind on some rows.

    Raises:
        LabelError: it fails, or gives no probability per text.
    """
    name = kind.__name__

    def scores(rows: Float[Tensor, "case width"]) -> Scores:
        try:
            given = np.asarray(model.predict_proba(rows.cpu().numpy()), dtype=float)
        except Exception as error:  # a stranger's code may raise anything
            raise LabelError(f"{name}.predict_proba failed: {told(error, name)}") from error
        if given.shape != (len(rows), 2) or not np.isfinite(given).all():
            raise LabelError(
                f"{name}.predict_proba gave shape {given.shape}, wanted finite numbers of shape "
                f"{(len(rows), 2)}: a probability of either class for every text"
            )
        return np.asarray(given[:, 1])

    try:
        model = kind()
        model.fit(rows[torch.from_numpy(kept)].cpu().numpy(), positive[kept].astype(int))
    except Exception as error:  # a stranger's code may raise anything
        raise LabelError(f"{name} cannot be fitted: {told(error, name)}") from error
    return scores


def _best(scores: Float[np.ndarray, "cell case"], positive: np.ndarray, fold: np.ndarray) -> int:
    columns = np.repeat(positive[:, None], len(scores), axis=1)
    return int(np.nanargmax(fold_aurocs(scores.T, columns, fold)))
