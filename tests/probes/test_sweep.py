"""Sweeps against scikit-learn probe by probe, and against streams that hold a few rows."""

from collections.abc import Callable

import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.neighbors import NearestCentroid
from torch import Tensor, nn

from probes.linear.closed_form import Method, fit_closed_form
from probes.linear.features import Block, FeatureError, Features
from probes.linear.folds import FoldError, Folds, Split
from probes.linear.logistic import Labelled, NotConverged, fit_logistic
from probes.linear.moments import training_moments
from probes.linear.rows import Rows, TargetError, Targets
from probes.linear.sweep import Fit, sweep
from scripted import generator

N, POSITIONS, WIDTH = 240, 3, 6
ALPHA = 0.5
ONE_SITE = 2 * N * POSITIONS * WIDTH * 4
TWENTY_INSTANCES = 2 * 20 * POSITIONS * WIDTH * 4
"""Budgets in bytes that keep what they are named after, and as much again while it is read."""


LABELS = {
    "two": torch.randint(2, (N,), generator=generator(1)),
    "four": torch.randint(4, (N,), generator=generator(2)),
    "also two": torch.randint(2, (N,), generator=generator(3)) * 5 - 1,
    "by position": torch.randint(3, (N, POSITIONS), generator=generator(4)),
}
"""Classes need not start at 0."""


def activations(seed: int) -> Tensor:
    """Far from the origin, with class means apart at some positions."""
    rows = torch.randn(N, POSITIONS, WIDTH, generator=generator(seed))
    centres = torch.randn(4, WIDTH, generator=generator(seed + 10))
    rows[:, 0] += centres[LABELS["four"]] + 30
    rows[:, 1] += LABELS["two"][:, None] * centres[0]
    return rows + LABELS["by position"][..., None] * centres[1]


ACTIVATIONS = {"first": activations(5), "second": activations(6)}
TARGETS = Targets.of(LABELS)
FOLDS = Folds.draw(N, count=4, generator=generator(7))


THEIRS = {
    Method.ridge: RidgeClassifier(alpha=ALPHA),
    Method.means: NearestCentroid(),
    Method.lda: LinearDiscriminantAnalysis(solver="lsqr"),
    Method.logistic: LogisticRegression(C=2.0, tol=1e-8, solver="newton-cholesky"),
}


def fit_of(method: Method) -> Fit:
    alpha = 1e-9 if method is Method.lda else ALPHA
    return Fit(method=method, alpha=alpha, inverse_penalty=2.0)


def expected(method: Method, *, pooled: bool) -> Tensor:
    """Accuracies of a loop over everything."""
    table = torch.zeros(2, 1 if pooled else POSITIONS, len(LABELS), FOLDS.count)
    for s, rows in enumerate(ACTIVATIONS.values()):
        for t, labels in enumerate(LABELS.values()):
            each = labels if labels.ndim == 2 else labels[:, None].expand(-1, POSITIONS)
            for f in range(FOLDS.count):
                test = FOLDS.of == f
                for p in range(table.shape[1]):
                    place = slice(None) if pooled else slice(p, p + 1)
                    x, y = rows[:, place].double(), each[:, place]
                    probe = THEIRS[method].fit(x[~test].flatten(0, 1), y[~test].flatten())
                    x, y = x[test].flatten(0, 1), y[test].flatten()
                    table[s, p, t, f] = probe.score(x, y)
    return table


@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize("method", Method)
def test_equals_a_loop_of_scikit_learn(method: Method, pooled: bool) -> None:
    rows = Rows.choose(Features.given(ACTIVATIONS), TARGETS, FOLDS, pooled=pooled)
    found = sweep(rows, fit=fit_of(method))
    table = expected(method, pooled=pooled)
    # a row that lies on a boundary up to the last digits may fall either way
    slack = 1.01 / found.tested.min() if method is Method.logistic else 1e-6
    torch.testing.assert_close(found.fold_accuracy, table, atol=float(slack), rtol=0)
    assert (found.fold_accuracy != table).double().mean() < 0.1 or method is not Method.logistic
    assert found.tested.tolist() == [60 * (POSITIONS if pooled else 1)] * 4
    assert found.positions == ((0,) if pooled else (0, 1, 2))


def test_probabilities_equal_those_of_scikit_learn() -> None:
    rows = ACTIVATIONS["first"][:, :1].double()
    targets = Targets.of({name: LABELS[name] for name in ("two", "four")})
    (train,) = training_moments([Block(0, rows)], targets, Folds.untested(N))
    labelled = [Labelled(rows - train.origin, targets.labels)]
    for method, readout in {
        Method.lda: fit_closed_form(train, targets, method=Method.lda, alpha=1e-9),
        Method.logistic: fit_logistic(lambda: labelled, train, targets, inverse_penalty=2.0),
    }.items():
        scores = readout.scores(rows)[0]
        for part, name in ((scores[:, :2], "two"), (scores[:, 2:], "four")):
            theirs = THEIRS[method].fit(rows[:, 0], LABELS[name])
            wanted = torch.from_numpy(theirs.predict_proba(rows[:, 0]))
            torch.testing.assert_close(part.softmax(dim=1), wanted, atol=2e-3, rtol=0)


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("budget", [TWENTY_INSTANCES, ONE_SITE])
def test_a_tiny_budget_changes_no_result(method: Method, budget: int) -> None:
    net = nn.Sequential(nn.Identity(), nn.Flatten(start_dim=2))
    inputs = ACTIVATIONS["second"] / 10
    targets = Targets.of({name: LABELS[name] for name in ("two", "also two")})
    folds, pooled = Folds.draw(N, count=2, generator=generator(7)), method is Method.ridge
    wide = Features.of_network(net, inputs, ["0", "1"])
    narrow = Features.of_network(net, inputs, ["0", "1"], budget=budget)
    fit = Fit(method=method, inverse_penalty=0.01)
    whole, streamed = (
        sweep(Rows.choose(f, targets, folds, pooled=pooled), fit=fit).correct
        for f in (wide, narrow)
    )
    assert narrow.keeps("0") == (budget == ONE_SITE)
    assert (whole - streamed).abs().max() <= 1
    assert (whole != streamed).double().mean() < 0.02


def test_one_split_is_one_fold() -> None:
    split = Split(torch.arange(160), torch.arange(160, N))
    rows = Rows.choose(Features.given(ACTIVATIONS), TARGETS, Folds.of_split(split))
    found = sweep(rows, fit=fit_of(Method.ridge))
    x, y = ACTIVATIONS["second"][:, 0], LABELS["four"]
    wanted = THEIRS[Method.ridge].fit(x[:160], y[:160]).score(x[160:], y[160:])
    assert float(found.accuracy[1, 0, 1]) == pytest.approx(wanted)
    assert found.tested.tolist() == [80]


def test_chance_is_the_share_of_the_commonest_training_class() -> None:
    labels = torch.tensor([0] * 7 + [1] * 3 + [1] * 6 + [0] * 4)
    rows = Rows.choose(
        Features.given({"site": torch.randn(20, 2, generator=generator())}),
        Targets.of({"t": labels}),
        Folds(torch.arange(20) // 10, 2),
    )
    # trained on the second half, where 1 is commoner, the first has 3 of 10; the other way, 4
    assert float(sweep(rows, fit=Fit()).chance[0, 0]) == pytest.approx(0.35)


def test_chosen_positions_are_those_of_a_smaller_site() -> None:
    some = Rows.choose(Features.given(ACTIVATIONS), TARGETS, FOLDS, positions=(0, 2))
    labels = {**LABELS, "by position": LABELS["by position"][:, [0, 2]]}
    smaller = Features.given({site: rows[:, [0, 2]] for site, rows in ACTIVATIONS.items()})
    alone = Rows.choose(smaller, Targets.of(labels), FOLDS)
    ours, theirs = (sweep(rows, fit=fit_of(Method.lda)) for rows in (some, alone))
    assert torch.equal(ours.correct, theirs.correct)
    assert ours.positions == (0, 2)


def test_a_class_missing_from_training_is_never_predicted() -> None:
    labels = torch.tensor([0, 1] * 10 + [2] * 5)
    rows = torch.randn(25, 3, generator=generator()) + labels[:, None]
    split = Split(torch.arange(20), torch.arange(20, 25))
    for method in Method:
        targets = Targets.of({"t": labels})
        chosen = Rows.choose(Features.given({"s": rows}), targets, Folds.of_split(split))
        assert float(sweep(chosen, fit=Fit(method=method)).accuracy) == 0


def test_probes_that_do_not_converge_say_so() -> None:
    rows, targets = ACTIVATIONS["first"][:, :1], Targets.of({"four": LABELS["four"]})
    (train,) = training_moments([Block(0, rows)], targets, Folds.untested(N))
    labelled = [Labelled(rows - train.origin.float(), targets.labels)]
    fit_logistic(lambda: labelled, train, targets)
    with pytest.raises(NotConverged, match="'four' first"):
        fit_logistic(lambda: labelled, train, targets, max_steps=6)


def rows_of(targets: Targets = TARGETS, **choice: object) -> Rows:
    return Rows.choose(Features.given(ACTIVATIONS), targets, FOLDS, **choice)


def swept(fit: Fit, labels: Tensor) -> None:
    """On dependent columns, for which least squares without a penalty has many solutions."""
    features = Features.given({"s": torch.ones(20, 3)})
    folds = Folds.of_split(Split(torch.arange(10), torch.arange(10, 20)))
    sweep(Rows.choose(features, Targets.of({"late": labels}), folds), fit=fit)


NO_C = Fit(method=Method.logistic, inverse_penalty=0.0)
EVEN, LATE = torch.arange(20) % 2, (torch.arange(20) > 12).long()
UNEVEN = {"a": ACTIVATIONS["first"], "b": ACTIVATIONS["first"][:, :2]}


@pytest.mark.parametrize(
    ("make", "error", "word"),
    [
        (lambda: Folds.draw(40, count=60, generator=generator()), FoldError, "60 folds"),
        (lambda: Folds.draw(40, count=1, generator=generator()), FoldError, "1 folds"),
        (lambda: Folds(torch.zeros(4, dtype=torch.long), 1), FoldError, "nothing to train on"),
        (lambda: Folds(torch.tensor([0, 0, 2]), 3), FoldError, "every fold"),
        (lambda: Split.draw(3, test_share=0.1, generator=generator()), FoldError, "empty"),
        (lambda: Targets.of({"t": torch.zeros(5, dtype=torch.long)}), TargetError, "one class"),
        (lambda: Targets.of({}), TargetError, "no targets"),
        (lambda: Targets.of({**LABELS, "short": torch.arange(9)}), TargetError, "numbers"),
        (lambda: rows_of(Targets.of({"t": torch.arange(9) % 2})), TargetError, "same instances"),
        *(
            (lambda method=method: swept(Fit(method), LATE), TargetError, "'late'")
            for method in Method
        ),
        (lambda: swept(Fit(alpha=0.0), EVEN), ValueError, "raise alpha"),
        (lambda: swept(Fit(alpha=-1.0), EVEN), ValueError, "alpha must be"),
        (lambda: swept(NO_C, EVEN), ValueError, "tolerance"),
        (lambda: rows_of(positions=(3,)), FeatureError, "positions 0 to 2"),
        (lambda: Rows.choose(Features.given(UNEVEN), TARGETS, FOLDS), FeatureError, "differ"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    make: Callable[[], object], error: type[Exception], word: str
) -> None:
    with pytest.raises(error, match=word):
        make()


@pytest.mark.gpu
@pytest.mark.parametrize("method", Method)
def test_a_gpu_finds_what_the_cpu_finds(method: Method) -> None:
    moved = {site: rows.cuda() for site, rows in ACTIVATIONS.items()}
    there, here = (
        sweep(Rows.choose(features, TARGETS, FOLDS), fit=fit_of(method)).correct
        for features in (Features.given(moved, device="cuda"), Features.given(ACTIVATIONS))
    )
    assert (there - here).abs().max() <= 1
