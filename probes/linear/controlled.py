"""A sweep beside its controls: what the same probes reach where there should be nothing to find."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from probes.arguments import require_fields
from probes.linear.closed_form import Method
from probes.linear.features import Features
from probes.linear.folds import Folds
from probes.linear.rows import Rows, Targets
from probes.linear.sweep import Fit, Sweep, sweep

LABELS_AT_ONCE = 2**24
"""Rows times classes that shuffled labels take at a time; bounds memory."""

Accuracy = Float[Tensor, "site position target"]


@dataclass(frozen=True)
class Controls:
    """What a sweep is compared with.

    Attributes:
        untrained: the same sites of a network of the same shape with fresh weights.
        inputs: what is seen without a network, at one site of the same positions.
        types: kind of input at every position; the control task labels kinds at random.
        n_shuffles: sweeps with shuffled labels; p-values are at least 1 / (n_shuffles + 1).
        n_directions: random directions at every site.
    """

    untrained: Features | None = None
    inputs: Features | None = None
    types: Int[Tensor, "batch place"] | None = None
    n_shuffles: int = 99
    n_directions: int = 100

    def __post_init__(self) -> None:
        require_fields(self, n_shuffles=(1, 10**6), n_directions=(1, 10**6))
        if self.inputs is not None and len(self.inputs.sites) != 1:
            raise ValueError(f"inputs are one site, got {list(self.inputs.sites)}")


@dataclass(frozen=True)
class ControlledSweep:
    """Accuracies, in [0, 1], on instances that the probes never saw.

    Attributes:
        control_task: of as many random classes of the input's kinds, as frequent as the target's
            (Hewitt and Liang 2019); NaN where no kinds are known or a position has one kind only.
        shuffled: mean over shuffles of the labels.
        untrained: with fresh weights; NaN where there is no such network.
        inputs: without a network; NaN where not asked.
        random_direction: 95% quantile over probes that see one random direction only.
        p_value: chance that shuffled labels give any probe of the scan such an accuracy.
    """

    sweep: Sweep
    control_task: Accuracy
    shuffled: Accuracy
    untrained: Accuracy
    inputs: Accuracy
    random_direction: Accuracy
    p_value: Accuracy

    @property
    def selectivity(self) -> Accuracy:
        """Accuracy less that of the control task, in [-1, 1]."""
        return self.sweep.accuracy - self.control_task


def controlled_sweep(
    rows: Rows, *, fit: Fit, controls: Controls, generator: torch.Generator
) -> ControlledSweep:
    """Sweep and controls, all on the same folds and positions.

    Args:
        fit: how all of these probes are fitted, the random directions excepted: they take LDA.
        generator: on the cpu; draws shuffles, control tasks and directions.

    Raises:
        FeatureError: activations cannot be used.
        TargetError: controls are of other instances, or a target has one class in training.
    """
    real = sweep(rows, fit=fit)
    side_by_side = [
        sweep(rows.again(targets=part), fit=fit).accuracy
        for part in _shuffles(rows, controls.n_shuffles, generator)
    ]
    null = torch.cat(side_by_side, dim=2).view(*real.accuracy.shape[:2], -1, len(real.targets))
    null = null.movedim(2, 0).contiguous()

    def elsewhere(other: Features | None) -> Accuracy:
        if other is None:
            return torch.full_like(real.accuracy, torch.nan)
        return sweep(rows.again(features=other), fit=fit).accuracy.expand_as(real.accuracy)

    return ControlledSweep(
        real,
        _control_task(rows, controls.types, fit, generator),
        null.mean(dim=0),
        elsewhere(controls.untrained),
        elsewhere(controls.inputs),
        _random_direction(rows, controls.n_directions, generator),
        corrected_p(real.accuracy, null),
    )


def corrected_p(
    observed: Accuracy, null: Float[Tensor, "shuffle site position target"]
) -> Accuracy:
    """Maximum-statistic p-values (Westfall and Young 1993), at least 1 / (shuffles + 1).

    If no label means anything, the chance that *any* probe of the scan looks as good as this one
    is at most p, however sites, positions and targets depend on each other: every shuffle moves
    all of them at once. Accuracies of a target are compared after subtracting their mean and
    dividing by their spread over all shuffles, so that targets of different chance levels are
    comparable. The real labels count as one shuffle, so that the test stays exact (Phipson and
    Smyth 2010).

    Raises:
        ValueError: there is no shuffle, or an accuracy is not a number.
    """
    if not len(null):
        raise ValueError("a corrected p-value needs at least one shuffle, got none")
    both = torch.cat([observed[None], null]).double()
    if not bool(both.isfinite().all()):
        raise ValueError("accuracies must be numbers before the best of them can be judged")
    centre = both.mean(dim=(0, 1, 2))
    spread = both.std(dim=(0, 1, 2), correction=0)
    far = (both - centre) / spread.clamp(min=torch.finfo(torch.double).tiny)
    largest = far[1:].flatten(1).amax(dim=1)
    beaten = (largest[:, None, None, None] >= far[0] - 1e-9).sum(dim=0)
    return (1 + beaten) / (len(null) + 1)


def shuffled_within(folds: Int[Tensor, " batch"], *, generator: torch.Generator) -> Tensor:
    """A random order of the instances that leaves each in its fold, so that no fold loses a class.

    Folds do not depend on labels, so labels that mean nothing are as probable in any such order.
    """
    order = torch.arange(len(folds))
    for fold in torch.unique(folds):
        inside = (folds == fold).nonzero().squeeze(1)
        order[inside] = inside[torch.randperm(len(inside), generator=generator)]
    return order


def _shuffles(rows: Rows, count: int, generator: torch.Generator) -> Iterator[Targets]:
    """Shuffled labels side by side, as many at a time as memory allows."""
    targets, folds = rows.by_instance
    size = max(1, LABELS_AT_ONCE // (len(rows.folds.of) * targets.n_labels))
    for start in range(0, count, size):
        numbers = range(start, min(start + size, count))
        orders = [shuffled_within(folds.of, generator=generator) for _ in numbers]
        yield Targets(
            tuple(f"{number}/{name}" for number in numbers for name in targets.names),
            torch.cat([targets.labels[order] for order in orders], dim=2),
            targets.n_classes * len(orders),
        )


def _control_task(
    rows: Rows, types: Int[Tensor, "batch place"] | None, fit: Fit, generator: torch.Generator
) -> Accuracy:
    """Accuracy for random classes of the kinds of input."""
    targets, folds = rows.by_instance
    shape = (len(rows.features.sites), len(rows.columns), len(targets.names))
    result = torch.full(shape, torch.nan, dtype=torch.float)
    if types is None:
        return result
    kinds, kind = torch.unique(types, return_inverse=True)
    tasks: dict[tuple[int, ...], dict[str, Tensor]] = {}
    for number, name in enumerate(targets.names):
        column = targets.labels[..., number].flatten()
        labels = column[torch.randint(len(column), (len(kinds),), generator=generator)][kind]
        places = [p for p in rows.positions if rows.pooled or _varies(labels[:, p], folds)]
        if places and len(torch.unique(labels)) > 1:
            tasks.setdefault(tuple(places), {})[name] = labels
    for positions, labelled in tasks.items():
        found = sweep(rows.again(targets=Targets.of(labelled), positions=positions), fit=fit)
        columns = torch.tensor([rows.columns.index(position) for position in found.positions])
        numbers = torch.tensor([targets.names.index(name) for name in labelled])
        result[:, columns[:, None], numbers] = found.accuracy
    return result


def _varies(labels: Int[Tensor, " batch"], folds: Folds) -> bool:
    """Whether the training rows of every fold have two classes or more."""
    return all(len(torch.unique(labels[~folds.tested(f)])) > 1 for f in range(folds.count))


def _random_direction(rows: Rows, count: int, generator: torch.Generator) -> Accuracy:
    directions = {
        site: torch.randn(rows.features.shape(site)[1], count, generator=generator)
        for site in rows.features.sites
    }
    found = sweep(rows.along(directions), fit=Fit(method=Method.lda)).accuracy
    by_direction = found.view(len(found), -1, count, found.shape[2])
    return by_direction.quantile(0.95, dim=2)
