"""Whatever precision activations come in, fits and moments are those of single precision."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from probes.causal.erase import fit_erasers
from probes.linear.affine import AffineMap, linear_cka, solve_ridge
from probes.linear.closed_form import Method
from probes.linear.controlled import Controls, controlled_sweep
from probes.linear.features import Features
from probes.linear.folds import Folds
from probes.linear.moments import training_moments
from probes.linear.rows import Rows, Targets
from probes.linear.sweep import Fit, sweep
from probes.network.capture import capture
from scripted import generator

HALVES = (torch.bfloat16, torch.float16)


def far_from_zero() -> Tensor:
    """One column lies far from 0, as a few do in every large transformer."""
    rows = torch.randn(400, 16, generator=generator())
    rows[:, 5] += 300
    return rows


def rows_of(activations: Tensor) -> Rows:
    labels = Targets.of({"y": (torch.arange(len(activations)) % 2)})
    folds = Folds.draw(len(activations), count=3, generator=generator())
    return Rows.choose(Features.given({"s": activations}), labels, folds)


@pytest.mark.parametrize("precision", HALVES)
@pytest.mark.parametrize("method", Method)
def test_probes_find_in_half_precision_what_they_find_in_single(
    method: Method, precision: torch.dtype
) -> None:
    given = far_from_zero().to(precision)
    half, single = (sweep(rows_of(one), fit=Fit(method=method)) for one in (given, given.float()))
    assert torch.equal(half.correct, single.correct)


def test_controls_find_in_half_precision_what_they_find_in_single() -> None:
    given = far_from_zero().bfloat16()
    half, single = (
        controlled_sweep(
            rows_of(one),
            fit=Fit(method=Method.lda),
            controls=Controls(n_shuffles=2, n_directions=3),
            generator=generator(),
        )
        for one in (given, given.float())
    )
    assert torch.equal(half.random_direction, single.random_direction)
    assert torch.equal(half.p_value, single.p_value)


def test_an_eraser_takes_a_class_out_of_half_precision_too() -> None:
    given = far_from_zero()
    given[::2, 3] += 4
    given = given.bfloat16()
    rows = rows_of(given)
    (eraser,) = fit_erasers(training_moments(rows.blocks("s"), rows.targets, rows.folds)[-1])
    erased, wanted = eraser(given), eraser(given.float())
    assert erased.dtype is torch.bfloat16
    assert torch.equal(erased, wanted.bfloat16())


def test_scores_of_half_precision_rows_have_single_precision() -> None:
    rows = rows_of(far_from_zero())
    (train, *_) = training_moments(rows.blocks("s"), rows.targets, rows.folds)
    from probes.linear.closed_form import fit_closed_form

    readout = fit_closed_form(train, rows.targets, method=Method.ridge, alpha=1.0)
    given = far_from_zero()[:, None].bfloat16()
    assert torch.equal(readout.scores(given), readout.scores(given.float()))


ONE, OTHER = (np.random.default_rng(seed).normal(size=(60, 5)) * 200 for seed in (1, 2))
SIMILARITIES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "cka": linear_cka,
    "map": lambda one, other: AffineMap(one, other).unexplained(one, other),
    "ridge": lambda one, other: float(solve_ridge(one, other, alpha=1.0)[0].sum()),
}


@pytest.mark.parametrize("name", SIMILARITIES)
def test_similarity_of_half_precision_is_that_of_single(name: str) -> None:
    halves = [one.astype(np.float16) for one in (ONE, OTHER)]
    found = SIMILARITIES[name](*halves)
    assert found == pytest.approx(SIMILARITIES[name](*(h.astype(np.float32) for h in halves)))
    assert np.isfinite(found)


def test_what_is_captured_has_single_precision_at_least() -> None:
    network = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 4))
    tokens = torch.arange(9)[None]
    for kind, wanted in ((torch.bfloat16, torch.float32), (torch.float64, torch.float64)):
        assert capture(network.to(kind), tokens, ["1"])["1"].dtype is wanted
