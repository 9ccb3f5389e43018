"""Constants and zero variance are ordinary input: nothing is found, and nothing fails."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from detect.contract.score import Abstain
from detect.monitors.mahalanobis import Gaussians
from evals.judging.stack import stacked_scores
from evals.statistics.exact_tests import rank_sum_p
from evals.statistics.limit import new_family_limit, p_values, rank_limit
from evals.statistics.rates import auroc
from probes.causal.erase import fit_erasers
from probes.linear.affine import AffineMap, linear_cka, solve_ridge
from probes.linear.closed_form import Method
from probes.linear.controlled import Controls, controlled_sweep, corrected_p
from probes.linear.features import Features
from probes.linear.folds import Folds
from probes.linear.moments import training_moments
from probes.linear.rows import Rows, Targets
from probes.linear.sweep import Fit, sweep
from scripted import generator

CONSTANTS = (0.0, 1.0, 0.1, -300.7)
"""Means of the last two are rounded, so that rows less their mean are not exactly 0."""


def rows_of(activations: torch.Tensor) -> Rows:
    labels = Targets.of({"y": torch.arange(len(activations)) % 2})
    folds = Folds.draw(len(activations), count=3, generator=generator())
    return Rows.choose(Features.given({"s": activations}), labels, folds)


@pytest.mark.parametrize("value", CONSTANTS)
@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float32, torch.float64])
def test_an_eraser_of_a_constant_has_rank_0_and_changes_nothing(
    value: float, kind: torch.dtype
) -> None:
    given = torch.full((9, 3), value, dtype=kind)
    rows = rows_of(given)
    (eraser,) = fit_erasers(training_moments(rows.blocks("s"), rows.targets, rows.folds)[-1])
    assert eraser.rank == 0
    assert torch.equal(eraser(given), given)


def test_an_eraser_finds_a_small_difference_beside_a_constant() -> None:
    given = torch.ones(40, 3) * 300
    given[::2, 1] += 0.01
    given[:, 2] += 1e-3 * torch.randn(40, generator=generator())
    rows = rows_of(given)
    (eraser,) = fit_erasers(training_moments(rows.blocks("s"), rows.targets, rows.folds)[-1])
    assert eraser.rank == 1


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("value", CONSTANTS)
def test_a_probe_of_constants_is_at_chance(method: Method, value: float) -> None:
    found = sweep(rows_of(torch.full((30, 3), value)), fit=Fit(method=method))
    assert (found.accuracy <= found.chance.max() + 0.25).all()


def test_controls_of_constants_find_nothing() -> None:
    found = controlled_sweep(
        rows_of(torch.full((30, 3), 0.1)),
        fit=Fit(method=Method.ridge),
        controls=Controls(n_shuffles=9, n_directions=3),
        generator=generator(),
    )
    assert (found.p_value > 0.05).all()


def test_a_target_that_never_varies_takes_no_significance_from_another() -> None:
    null = torch.rand(19, 1, 1, 2, generator=generator())
    null[..., 1] = 0.1  # its mean is rounded
    observed = torch.tensor([[[2.0, 0.1]]])
    p = corrected_p(observed, null)
    assert p[0, 0].tolist() == pytest.approx([1 / 20, 1.0])


@pytest.mark.parametrize("value", CONSTANTS)
def test_similarity_with_a_constant_is_not_a_number(value: float) -> None:
    varied = np.random.default_rng(0).normal(size=(30, 4))
    constant = np.full((30, 3), value)
    assert math.isnan(linear_cka(varied, constant))
    assert math.isnan(linear_cka(constant, varied))
    assert math.isnan(AffineMap(varied, constant).unexplained(varied, constant))


@pytest.mark.parametrize("value", CONSTANTS)
def test_a_map_from_a_constant_is_constant_wherever_it_is_used(value: float) -> None:
    targets = np.random.default_rng(0).normal(size=(30, 4))
    found = AffineMap(np.full((30, 3), value), targets)
    assert not found.weights.any()
    weights, intercept = solve_ridge(np.full((30, 3), value), targets, alpha=0.0)
    assert not weights.any()
    assert intercept == pytest.approx(targets.mean(axis=0))


@pytest.mark.parametrize("value", CONSTANTS)
def test_a_distance_among_constants_is_refused_by_name(value: float) -> None:
    rows = np.full((30, 3), value)
    with pytest.raises(Abstain, match="do not vary"):
        Gaussians.fit(rows, np.arange(30) % 3, 3)


@pytest.mark.parametrize("value", [*CONSTANTS, math.nan])
def test_statistics_of_scores_that_are_all_equal(value: float) -> None:
    scores, families = np.full(12, value), np.repeat(["a", "b", "c", "d"], 3)
    assert auroc(scores, scores).value == 0.5
    assert rank_sum_p(scores, scores) == 1.0
    assert not rank_limit(scores, 0.2).flags(np.array([math.nan])).any()
    assert (p_values(scores, scores) == 1).all()
    limit = new_family_limit(scores, families, 0.2)
    assert not limit.flags(scores).any()
    stacked = stacked_scores(scores[:, None], np.repeat([True, False, True, False], 3), families)
    assert np.isfinite(stacked).all()


def test_families_of_one_mean_set_a_limit_whatever_is_rounded() -> None:
    for centre in (0.1, 0.2, 0.7, 1 / 3):
        scores = np.array([centre + by for by in (-0.1, 0.1, -0.05, 0.05, -0.02, 0.02)])
        limit = new_family_limit(scores, np.repeat(["a", "b", "c"], 2), 0.2)
        assert limit.basis == "random_effects"
        assert math.isfinite(limit.farthest)
