"""Erasure against the authors' package and against what its theorem promises."""

import warnings

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it compiles with torch.jit.script, which torch deprecates
    from concept_erasure import LeaceFitter

from probes.causal.erase import Eraser, fit_erasers
from probes.linear.features import Features
from probes.linear.folds import Folds
from probes.linear.moments import training_moments
from probes.linear.rows import Targets
from scripted import generator

N, WIDTH = 600, 12


def drawn(n_classes: int, *, rank: int = WIDTH) -> tuple[Tensor, Tensor]:
    """Correlated rows of a given rank, class means apart; class 0 is twice as common as others."""
    labels = torch.arange(N) % (n_classes + 1) % n_classes
    mixing = torch.randn(rank, WIDTH, generator=generator(1), dtype=torch.float64)
    centres = torch.randn(n_classes, rank, generator=generator(2), dtype=torch.float64)
    noise = torch.randn(N, rank, generator=generator(3), dtype=torch.float64)
    return (centres[labels] + noise) @ mixing + 5, labels


def fitted(rows: Tensor, labels: Tensor) -> Eraser:
    blocks = Features.given({"site": rows}).blocks("site")
    targets = Targets.of({"concept": labels})
    (eraser,) = fit_erasers(*training_moments(blocks, targets, Folds.untested(len(rows))))
    return eraser


def read_from(rows: Tensor, labels: Tensor) -> float:
    """Accuracy of scikit-learn's logistic probe on the rows that it was fitted on."""
    probe = LogisticRegression(C=1e3, solver="newton-cholesky").fit(rows, labels)
    return float(probe.score(rows, labels))


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("rank", [WIDTH, 7])
def test_equals_the_package_of_its_authors(n_classes: int, rank: int) -> None:
    rows, labels = drawn(n_classes, rank=rank)
    one_hot = torch.nn.functional.one_hot(labels).double()
    theirs = LeaceFitter.fit(
        rows, one_hot, shrinkage=False, constrain_cov_trace=False, svd_tol=1e-9
    ).eraser
    ours = fitted(rows, labels)
    torch.testing.assert_close(ours(rows), theirs(rows), atol=1e-8, rtol=0)
    torch.testing.assert_close(
        torch.eye(WIDTH) - ours.left @ ours.right, theirs.P, check_dtype=False
    )
    assert ours.rank == n_classes - 1


@pytest.mark.parametrize("n_classes", [2, 4])
def test_no_linear_probe_beats_the_largest_class(n_classes: int) -> None:
    rows, labels = drawn(n_classes)
    erased = fitted(rows, labels)(rows)
    means = torch.stack([erased[labels == c].mean(dim=0) for c in range(n_classes)])
    torch.testing.assert_close(means, rows.mean(dim=0).expand_as(means))
    assert read_from(rows, labels) > 0.75
    assert read_from(erased, labels) == pytest.approx(2 / (n_classes + 1), abs=0.01)


def test_moves_activations_less_than_any_other_projection_that_erases() -> None:
    rows, labels = drawn(2)
    centred = rows - rows.mean(dim=0)
    gap = rows[labels == 1].mean(dim=0) - rows[labels == 0].mean(dim=0)
    least = (fitted(rows, labels)(rows) - rows).square().sum()
    for seed in range(20):
        # x - gap (v x) / (v gap) erases for every v; v = gap is the orthogonal projection
        reading = torch.randn(WIDTH, generator=generator(seed), dtype=torch.float64)
        for v in (gap, gap + 0.1 * reading, reading):
            moved = (centred @ v / (v @ gap))[:, None] * gap
            assert moved.square().sum() >= least - 1e-6


def test_another_concept_stays() -> None:
    rows, labels = drawn(2)
    kept = (torch.arange(N) // 2) % 2
    rows = rows + 4 * kept[:, None] * torch.randn(
        WIDTH, generator=generator(8), dtype=torch.float64
    )
    erased = fitted(rows, labels)(rows)
    assert read_from(erased, kept) > 0.95


def test_rows_keep_their_precision() -> None:
    rows, labels = drawn(2)
    eraser = fitted(rows, labels)
    assert eraser(rows.float()).dtype == torch.float32
    torch.testing.assert_close(eraser(rows.float()).double(), eraser(rows), atol=1e-3, rtol=0)


def test_one_row_is_refused() -> None:
    rows, labels = drawn(2)
    assert fitted(rows[:2], labels[:2]).rank == 1
    single = Targets(("c",), labels[:1, None, None], (2,))
    blocks = Features.given({"site": rows[:1]}).blocks("site")
    with pytest.raises(ValueError, match="two rows"):
        fit_erasers(*training_moments(blocks, single, Folds.untested(1)))
