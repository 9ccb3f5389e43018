"""Scans of activations whose truth was planted: what they find, and what they must not find."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from evals.statistics.grouped import Grouped, fold_aurocs, grouped_auroc
from evals.studies.probing.labelled import LabelError, Labelled
from evals.studies.probing.scan import Cell
from evals.studies.probing.text_probe import (
    Material,
    Probed,
    final_probe,
    probe_material,
    threshold,
)
from evals.studies.probing.text_reading import TextQuestion
from probes.linear.closed_form import Method
from probes.linear.features import FeatureError, Features

QUICK = TextQuestion(method=Method.lda, shuffles=39, directions=20)
N, WIDTH = 160, 12
POSITIVE = np.arange(N) % 2 == 0
ALONE = np.arange(N)


class Forest(LogisticRegression):
    """Anything of scikit-learn's kind."""


class Fails:
    """Something else."""

    def fit(self, rows: np.ndarray, labels: np.ndarray) -> None:
        raise ValueError("no such luck")


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def material(n: int = N, sites: int = 3, *, seed: int = 0, strength: float = 0.0) -> Material:
    """Noise everywhere, and the label in the second position of the last site."""
    rows = {f"blocks.{s}.hook_resid_post": noise(n, 2, WIDTH, seed=seed + s) for s in range(sites)}
    planted = torch.from_numpy(np.arange(n) % 2 == 0).float()
    rows[f"blocks.{sites - 1}.hook_resid_post"][:, 1, 0] += strength * planted
    return Material(Features.given(rows), ("last", "mean"))


def drawn(positive: np.ndarray = POSITIVE, groups: np.ndarray = ALONE, **how: int) -> Labelled:
    return Labelled.draw(positive, groups, folds=how.get("folds", 4), seed=how.get("seed", 0))


@cache
def planted(method: Method = Method.logistic) -> Probed:
    return probe_material(
        material(strength=3.0), drawn(), replace(QUICK, method=method), classes=("truth", "lie")
    )


@pytest.mark.parametrize("method", list(Method))
def test_a_planted_label_is_found_where_it_is(method: Method) -> None:
    reading = planted(method).reading
    assert reading.chosen == ((Cell("blocks.2.hook_resid_post", "mean"), 4),)
    assert reading.auroc.value > 0.95
    assert reading.told
    assert reading.p_value == pytest.approx(1 / 40)
    by = {one.cell: one for one in reading.cells}
    assert len(by) == 6
    elsewhere = by[Cell("blocks.0.hook_resid_post", "last")]
    assert elsewhere.auroc.low < 0.5 < elsewhere.p_value * 10
    assert by[reading.best].random_direction < reading.auroc.low


def test_the_number_is_that_of_scikit_learn_on_texts_it_never_saw() -> None:
    found = planted()
    cases, rows = found.scan.labelled.cases, material(strength=3.0).features
    read = torch.cat([b.rows for b in rows.blocks("blocks.2.hook_resid_post")])[:, 1].numpy()
    areas = []
    for fold in range(4):
        kept = cases.fold != fold
        scaled = (read - read[kept].mean(axis=0)) / read[kept].std(axis=0)
        model = LogisticRegression(C=0.1, tol=1e-8).fit(scaled[kept], POSITIVE[kept])
        areas.append(roc_auc_score(POSITIVE[~kept], model.decision_function(scaled[~kept])))
    assert found.reading.auroc.value == pytest.approx(np.mean(areas), abs=0.005)


def test_labels_that_mean_nothing_are_not_found() -> None:
    reading = probe_material(material(), drawn(), QUICK).reading
    assert reading.auroc.low < 0.5 < reading.auroc.high
    assert reading.p_value > 0.05
    assert not reading.told


def test_texts_of_a_group_are_never_on_both_sides() -> None:
    generator = np.random.default_rng(1)
    group = np.repeat(np.arange(40), 4)
    positive = (generator.random(40) < 0.5)[group]
    own = noise(40, 1, WIDTH)[torch.from_numpy(group)] + 0.1 * noise(N, 1, WIDTH, seed=5)
    given = Material(Features.given({"a": own}), ("last",))
    honest = probe_material(given, drawn(positive, group), QUICK).reading
    assert honest.auroc.low < 0.5 < honest.auroc.high
    assert not honest.told
    leaking = probe_material(given, drawn(positive), QUICK).reading
    assert leaking.auroc.value > 0.7, "without groups the leak is seen"
    assert leaking.told


def test_the_best_of_many_cells_is_not_what_is_reported() -> None:
    nested, best = [], []
    for seed in range(4):
        given = material(n=80, sites=6, seed=100 * seed)
        labelled = drawn(POSITIVE[:80], ALONE[:80], seed=seed)
        question = TextQuestion(method=Method.means, shuffles=1, directions=1)
        reading = probe_material(given, labelled, question).reading
        nested.append(reading.auroc.value)
        best.append(max(one.auroc.value for one in reading.cells))
    assert np.mean(best) > 0.58, "a cell chosen by its own texts looks good"
    assert abs(np.mean(nested) - 0.5) < 0.07


def test_the_cell_for_a_fold_does_not_depend_on_the_fold() -> None:
    given, labelled = material(strength=0.3), drawn()
    first = probe_material(given, labelled, QUICK).scan
    flipped = POSITIVE.copy()
    flipped[labelled.cases.fold == 0] ^= True
    other = Labelled(replace(labelled.cases, positive=flipped), labelled.n_folds)
    second = probe_material(given, other, QUICK).scan
    assert first.chosen()[0] == second.chosen()[0]
    assert not np.allclose(first.inside[1], second.inside[1], equal_nan=True)


def test_shuffles_keep_folds_pairs_and_whole_groups() -> None:
    generator = np.random.default_rng(0)
    pairs = drawn(POSITIVE, ALONE // 2)
    shuffled = pairs.shuffled(50, generator)
    by_pair = shuffled.reshape(N // 2, 2, 50)
    assert (by_pair.sum(axis=1) == 1).all()
    assert 0.3 < by_pair[:, 0].mean() < 0.7
    whole = drawn((ALONE // 4) % 2 == 0, ALONE // 4)
    shuffled = whole.shuffled(50, generator)
    assert (shuffled.reshape(N // 4, 4, 50).std(axis=1) == 0).all()
    for fold in range(4):
        inside = whole.cases.fold == fold
        assert (shuffled[inside].sum(axis=0) == whole.cases.positive[inside].sum()).all()


def test_shuffles_of_whole_groups_make_p_values_that_hold() -> None:
    small = {"whole": 0, "single": 0}
    question = TextQuestion(method=Method.lda, shuffles=19, directions=1)
    for seed in range(16):
        group = np.repeat(np.arange(24), 5)
        positive = np.random.default_rng(seed).permutation(np.arange(24) % 2 == 0)[group]
        own = noise(24, 1, 4, seed=seed)[torch.from_numpy(group)] + 0.1 * noise(120, 1, 4, seed=99)
        given = Material(Features.given({"a": own}), ("last",))
        labelled = drawn(positive, group, folds=3, seed=seed)
        small["whole"] += probe_material(given, labelled, question).reading.p_value <= 0.1
        alone = Labelled(replace(labelled.cases, group=np.arange(120)), 3)
        small["single"] += probe_material(given, alone, question).reading.p_value <= 0.1
    assert small["whole"] <= 5
    assert small["single"] >= 6, "shuffles of single texts are seen to be wrong"


def test_controls_that_tell_as_much_take_the_finding_away() -> None:
    given = replace(material(strength=3.0), bag=POSITIVE[:, None] + np.zeros((N, 2)))
    bag = probe_material(given, drawn(), QUICK).reading
    assert bag.told
    assert not bag.beyond
    assert bag.bag is not None
    assert bag.bag.value == 1
    empty = replace(given, bag=np.zeros((N, 2)), untrained=material(seed=50).features)
    reading = probe_material(empty, drawn(), QUICK).reading
    assert reading.bag is not None
    assert reading.bag.value == 0.5
    assert reading.beyond
    near = Grouped(0.06, 0.04, 0.08, N, N)
    assert not replace(reading, over_untrained=near).beyond, "twins differ by as much"
    assert replace(reading, over_untrained=replace(near, low=0.055)).beyond


def test_a_control_task_is_learned_from_kinds_and_only_where_there_are_some() -> None:
    kinds = np.arange(N) % 8
    rows = torch.nn.functional.one_hot(torch.from_numpy(kinds)).float()[:, None]
    rows = rows + 0.01 * noise(N, 1, 8)
    given = Material(Features.given({"a": rows}), ("last",), kinds=kinds)
    (cell,) = probe_material(given, drawn(), QUICK).reading.cells
    assert cell.control_task is not None
    assert cell.control_task > 0.9
    alike = probe_material(replace(given, kinds=np.zeros(N, dtype=int)), drawn(), QUICK).reading
    assert alike.cells[0].control_task is None
    assert "control task" in alike.missing


def test_the_limit_is_set_on_ordinary_texts_and_holds_on_others() -> None:
    assert threshold(np.arange(100.0), 0.05) == 94
    assert threshold(np.arange(10.0), 0.01) == 9
    ordinary = replace(
        material(strength=3.0), ordinary=material(n=400, seed=70).features, ordinary_name="news"
    )
    question = replace(QUICK, false_alarms=0.05)
    found = probe_material(ordinary, drawn(), question, classes=("truth", "lie"))
    recall = found.reading.recall
    assert recall.false_alarms.n == 400
    assert recall.false_alarms.value <= 0.05
    assert 0.4 < recall.caught.value < 1
    saved = final_probe(ordinary, found.scan, question, classes=("truth", "lie"), model="m")
    fresh = material(n=2000, seed=900).features
    rows = torch.cat([block.rows for block in fresh.blocks(saved.site)])[:, 1]
    assert float(saved.flags(rows).float().mean()) == pytest.approx(0.05, abs=0.03)
    assert saved.n_reference == 400


def test_without_ordinary_texts_the_datas_negatives_say_how_often_it_errs() -> None:
    recall = planted().reading.recall
    assert (recall.false_alarms.n, recall.caught.n) == (80, 80)
    assert recall.false_alarms.value <= 0.1
    assert recall.ordinary == "negatives of the data"


def test_anything_with_fit_and_predict_proba_is_a_probe() -> None:
    reading = probe_material(material(strength=3.0), drawn(), QUICK, custom=Forest).reading
    assert reading.probe == "Forest"
    assert reading.auroc.value > 0.95
    with pytest.raises(LabelError, match="Fails cannot be fitted: ValueError: no such luck"):
        probe_material(material(), drawn(), QUICK, custom=Fails)


@pytest.mark.parametrize(
    ("positive", "groups", "message"),
    [
        (np.ones(N, dtype=bool), ALONE, "one class"),
        (POSITIVE, ALONE % 3, "3 groups cannot be divided into 4 folds"),
        (ALONE < 2, ALONE, "hold texts of both classes"),
    ],
)
def test_labels_that_leave_nothing_to_measure_are_refused(
    positive: np.ndarray, groups: np.ndarray, message: str
) -> None:
    with pytest.raises(LabelError, match=message):
        drawn(positive, groups)


def test_activations_that_are_no_numbers_are_refused() -> None:
    rows = noise(N, 1, 4)
    rows[7, 0, 2] = torch.nan
    with pytest.raises(FeatureError, match="not finite for instance 7"):
        probe_material(Material(Features.given({"a": rows}), ("last",)), drawn(), QUICK)


def test_scores_of_folds_are_compared_within_them() -> None:
    scan = planted().scan
    cases = scan.labelled.cases
    moved = scan.nested() + 1000.0 * cases.fold
    area = grouped_auroc(moved, cases).value
    assert area == planted().reading.auroc.value
    assert fold_aurocs(moved[:, None], cases.positive[:, None], cases.fold) == pytest.approx([area])
