"""Two-class probes without some folds, against scikit-learn on rows it standardises itself."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge

from probes.linear.closed_form import Method
from probes.linear.folds import Folds
from probes.linear.left_out import LeftOut
from probes.linear.sweep import Fit

N, WIDTH = 240, 12
GENERATOR = torch.Generator().manual_seed(0)
LABELS = torch.rand(N, 3, generator=GENERATOR) < 0.4
ROWS = torch.randn(N, WIDTH, generator=GENERATOR) * torch.logspace(-2, 3, WIDTH) + 50
ROWS[:, 3] += LABELS[:, 0] * 2.0
ROWS[:, 5] = 7.0
FOLDS = Folds(torch.arange(N) % 4, 4)
LEFT_OUT = LeftOut(ROWS, LABELS, FOLDS)


@pytest.mark.parametrize("without", [(), (0,), (1, 3)])
@pytest.mark.parametrize("method", list(Method))
def test_scores_are_those_of_scikit_learn(method: Method, without: tuple[int, ...]) -> None:
    fit = Fit(method=method, alpha=5.0, inverse_penalty=0.2)
    found = LEFT_OUT.fit(without, fit).scores(ROWS).numpy()
    kept = ~np.isin(FOLDS.of.numpy(), without)
    rows = ROWS.double().numpy()
    spread = rows[kept].std(axis=0)
    spread[5] = 1
    scaled = (rows - rows[kept].mean(axis=0)) / spread
    for column in range(3):
        label = LABELS[:, column].numpy()
        if method is Method.logistic:
            model = LogisticRegression(C=0.2, tol=1e-8, max_iter=2000).fit(
                scaled[kept], label[kept]
            )
            wanted = model.decision_function(scaled)
        elif method is Method.means:
            high, low = (scaled[kept & side].mean(axis=0) for side in (label, ~label))
            wanted = scaled @ (high - low) - 0.5 * (high @ high - low @ low)
        else:
            model = Ridge(alpha=5.0).fit(scaled[kept], 2.0 * label[kept] - 1)
            wanted = model.predict(scaled)
        if method is Method.lda:  # the same direction, on a scale and with a limit of its own
            assert np.corrcoef(found[:, column], wanted)[0, 1] > 1 - 1e-9
        else:
            np.testing.assert_allclose(found[:, column], wanted, atol=5e-3 * wanted.std())


@pytest.mark.parametrize("method", list(Method))
def test_rows_that_are_tested_have_no_say(method: Method) -> None:
    fit, tested = Fit(method=method, alpha=5.0, inverse_penalty=0.2), FOLDS.of == 2
    other, labels = ROWS.clone(), LABELS.clone()
    other[tested] = 1000 * torch.randn(int(tested.sum()), WIDTH)
    labels[tested] = ~labels[tested]
    probes = [one.fit((2,), fit).scores(ROWS) for one in (LEFT_OUT, LeftOut(other, labels, FOLDS))]
    torch.testing.assert_close(probes[0], probes[1], rtol=1e-3, atol=1e-3)
    seen = LeftOut(other, labels, FOLDS).fit((1,), fit).scores(ROWS)
    assert not torch.allclose(seen, LEFT_OUT.fit((1,), fit).scores(ROWS), atol=0.1)


def test_one_of_several_labels_can_be_fitted_alone() -> None:
    fit = Fit(method=Method.lda, alpha=5.0)
    every, one = LEFT_OUT.fit((0,), fit), LEFT_OUT.fit((0,), fit, targets=slice(1, 2))
    torch.testing.assert_close(one.scores(ROWS)[:, 0], every.scores(ROWS)[:, 1])
