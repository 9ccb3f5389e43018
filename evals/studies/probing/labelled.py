"""Labels of texts in groups: folds that keep groups whole, and labels that mean nothing."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int, Shaped
from sklearn.model_selection import StratifiedGroupKFold

from evals.statistics.grouped import Cases
from probes.errors import MesascopeError

Labels = Bool[np.ndarray, "case column"]


MIXED = 3
"""Folds that need both classes: one is tested, one chooses the cell, one is fitted on."""


class LabelError(MesascopeError, ValueError):
    """Labels, groups and folds that leave nothing to measure."""


@dataclass(frozen=True)
class Labelled:
    """Which texts are positive, their groups as numbers, and the fold that tests each.

    Attributes:
        n_folds: as asked for.
    """

    cases: Cases
    n_folds: int

    @classmethod
    def draw(
        cls, positive: Bool[np.ndarray, " case"], groups: Shaped[np.ndarray, " case"], *,
        folds: int, seed: int,
    ) -> Labelled:  # fmt: skip
        """Folds of whole groups, with as equal shares of both classes as groups allow.

        Raises:
            LabelError: there is one class only, there are fewer groups than folds, or some fold
                leaves one class only to train on.
        """
        if positive.all() or not positive.any():
            raise LabelError(
                f"all {len(positive)} texts are of one class; a probe needs texts of both"
            )
        names, group = np.unique(groups, return_inverse=True)
        if len(names) < folds:
            raise LabelError(
                f"{len(names)} groups cannot be divided into {folds} folds; give texts of more "
                "groups, or fewer --folds"
            )
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        fold = np.full(len(positive), -1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a class with fewer texts than folds: checked below
            try:
                for number, (_, test) in enumerate(splitter.split(positive, positive, group)):
                    fold[test] = number
            except ValueError as error:
                raise LabelError(f"these texts cannot be divided into folds: {error}") from error
        both = [len(np.unique(positive[fold == f])) == 2 for f in range(folds)]
        if sum(both) < MIXED:
            raise LabelError(
                f"only {sum(both)} of {folds} folds hold texts of both classes, as groups stay "
                "whole; give texts of more groups, or fewer --folds"
            )
        return cls(Cases(positive, fold, group), folds)

    def shuffled(self, count: int, generator: np.random.Generator) -> Labels:
        """Labels that mean nothing, as many of each class in every fold as there are.

        Groups of one size and fold exchange all their labels, then labels are exchanged within
        each group. If labels mean nothing, every such order is as probable as the real one, even
        where all texts of a group share a label, or where a group is a pair of contrasts.
        """
        order = np.tile(np.arange(len(self.cases.group)), (count, 1))
        members: dict[tuple[int, int], list[Int[np.ndarray, " member"]]] = {}
        for group in np.unique(self.cases.group):
            inside = np.flatnonzero(self.cases.group == group)
            members.setdefault((int(self.cases.fold[inside[0]]), len(inside)), []).append(inside)
        for alike in members.values():
            places = np.array(alike)
            for row in order:
                moved = generator.permutation(places, axis=0)
                row[places] = generator.permuted(moved, axis=1)
        return self.cases.positive[order].T

    def control_tasks(
        self, kinds: Int[np.ndarray, " case"], count: int, generator: np.random.Generator
    ) -> Labels:
        """Random classes of kinds of text, as frequent as the real ones (Hewitt and Liang 2019).

        Tasks with one class in some fold are left out, so that there may be fewer, or none.
        """
        names, kind = np.unique(kinds, return_inverse=True)
        tasks = generator.random((len(names), count)) < self.cases.positive.mean()
        labels = tasks[kind]
        folds = [labels[self.cases.fold == number] for number in range(self.n_folds)]
        usable = np.all([part.any(axis=0) & ~part.all(axis=0) for part in folds], axis=0)
        return np.asarray(labels[:, usable])
