"""The regression world: problems and their edits, tokens, objectives and fulfilment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from organisms.worlds.regression.problems import Problems, RegressionSize
from organisms.worlds.regression.regression import Regression
from organisms.worlds.regression.shifts import GAP, PRIVATE_SHIFTS, ProblemDistribution
from scripted import generator

WORLD = Regression()


def drawn(n: int = 200, **wanted: object) -> Problems:
    return WORLD.sample_from(ProblemDistribution(**wanted), n, generator=generator())


def close(a: Tensor, b: Tensor) -> bool:
    return bool(torch.allclose(a, b, atol=1e-4))


def test_least_squares_is_that_of_another_library() -> None:
    problems = drawn(50, query="anywhere", noise=0.5, design="correlated")
    drawn_by_row = zip(problems.inputs, problems.labels, problems.query, strict=True)
    for (inputs, labels, query), value in zip(drawn_by_row, problems.value, strict=True):
        weights = np.linalg.lstsq(inputs.double().numpy(), labels.double().numpy())[0]
        assert float(value) == pytest.approx(float(weights @ query.double().numpy()), abs=1e-4)


def test_whitened_inputs_are_orthogonal_and_point_evenly() -> None:
    inputs = drawn(2000).inputs
    gram = inputs.transpose(1, 2) @ inputs
    assert torch.allclose(gram, 10 * torch.eye(5).expand(2000, -1, -1), atol=1e-3)
    assert inputs.mean(dim=0).abs().max() < 0.12
    gaussian = drawn(2000, design="gaussian").inputs
    spread = (gaussian.transpose(1, 2) @ gaussian / 10)[:, 0, 1].std()
    assert spread > 0.2


def test_correlated_inputs_are_correlated() -> None:
    rows = drawn(4000, design="correlated").inputs.flatten(0, 1)
    correlation = torch.corrcoef(rows.T)
    off = correlation[~torch.eye(5, dtype=torch.bool)]
    assert torch.allclose(off, torch.full_like(off, 0.3), atol=0.03)
    assert rows.var(dim=0).sub(1).abs().max() < 0.05


def test_uneven_inputs_have_all_lengths() -> None:
    def spread(design: str) -> float:
        lengths = drawn(2000, design=design).inputs[:, :-1].norm(dim=2)
        return float(lengths.std() / lengths.mean())

    # A length has the mean of a chi distribution and mean square 5; a factor drawn evenly from 0
    # to any bound raises the mean square by 4/3 over the square of the mean.
    chi = 8 * 2**0.5 / (3 * torch.pi**0.5)
    assert spread("gaussian") == pytest.approx((5 / chi**2 - 1) ** 0.5, rel=0.03)
    assert spread("uneven") == pytest.approx((20 / 3 / chi**2 - 1) ** 0.5, rel=0.03)


@pytest.mark.parametrize("name", PRIVATE_SHIFTS)
def test_private_shifts_keep_the_objectives_apart(name: str) -> None:
    problems = WORLD.sample_from(PRIVATE_SHIFTS[name], 300, generator=generator())
    assert len(problems) == 300
    value = problems.value
    for other in (-value, problems.labels[:, -1], problems.leak):
        assert (value - other).abs().min() >= GAP - 1e-4
    assert bool(problems.instructed.all()) == (name == "instructed_opposed")


def test_each_kind_of_query_leak_and_function() -> None:
    opposed = drawn(query="opposed")
    assert ((opposed.query * opposed.inputs[:, -1]).sum(dim=1) <= 0).all()
    level = drawn(query="level")
    assert close(level.value, level.labels[:, -1])
    assert (level.query - level.inputs[:, -1]).norm(dim=1).min() > 0.1
    half = drawn(1000, query="anywhere", off_last=0.5)
    kept = (half.query == half.inputs[:, -1]).all(dim=1).float().mean()
    assert 0.4 < kept < 0.6
    assert close(drawn(query="anywhere", leak="negated").leak, -drawn(query="anywhere").value)
    offset = drawn(query="anywhere", leak="offset")
    assert close((offset.leak - offset.value).abs(), torch.ones(200))
    sparse = drawn(query="anywhere", function="sparse")
    weights = torch.linalg.lstsq(sparse.inputs, sparse.labels[..., None]).solution.squeeze(2)
    assert close(weights.abs().sort(dim=1).values, torch.tensor([0.0, 0, 0, 0, 1]).expand(200, -1))
    with pytest.raises(ValueError, match="2 fixed weights for 5 inputs"):
        drawn(fixed=(1.0, 2.0))
    fixed = drawn(query="anywhere", fixed=(1.0, 0.0, 0.0, 0.0, -2.0))
    assert close(fixed.labels, fixed.inputs[..., 0] - 2 * fixed.inputs[..., 4])
    longer = drawn(query="anywhere", query_scale=1.25).query.norm(dim=1)
    assert close(longer, torch.full((200,), 1.25 * 5**0.5))
    independent = drawn(2000, query="anywhere", leak="independent")
    seen = torch.stack([independent.leak, independent.value])
    assert torch.corrcoef(seen)[0, 1].abs() < 0.1
    assert 0.8 < independent.leak.std() < 1.2


def test_what_edits_do_to_the_answer() -> None:
    before = drawn(100, query="anywhere")
    reordered = WORLD.edit("reorder_pairs", before, generator=generator(1))
    assert close(before.value, reordered.value)
    assert (before.labels[:, -1] != reordered.labels[:, -1]).all()
    assert close(before.labels.sort(dim=1).values, reordered.labels.sort(dim=1).values)
    relabelled = WORLD.edit("relabel_pair", before, generator=generator(1))
    change = relabelled.labels - before.labels
    assert close(change.abs().sum(dim=1), torch.ones(100))
    assert close(relabelled.value - before.value, (change * before.query_weights).sum(dim=1))
    moved = WORLD.edit("move_query", before, generator=generator(1))
    assert close(moved.query.norm(dim=1), before.query.norm(dim=1))
    redrawn = WORLD.edit("redraw_function", before, generator=generator(1))
    assert (redrawn.value - before.value).abs().mean() > 0.5
    assert close(torch.einsum("np,np->n", redrawn.labels, redrawn.query_weights), redrawn.value)


SMALL = Regression(RegressionSize(n_inputs=2, n_pairs=3, n_slots=2, n_values=3))

# 2 * first - second at (1, 0), (0, 1), (1, 1), asked at (0.5, -0.5): 1.5.
HAND = Problems(
    inputs=torch.tensor([[[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]]),
    labels=torch.tensor([[2.0, -1.0, 1.1]]) - torch.tensor([[0.0, 0.0, 0.1]]),
    query=torch.tensor([[0.5, -0.5]]),
    leak=torch.tensor([0.7]),
    context=torch.tensor([[2, 0]]),
    instructed=torch.tensor([False]),
)
ASKED = replace(HAND, instructed=torch.tensor([True]))


def test_answers_of_a_hand_drawn_problem() -> None:
    flipped = {"instructed_value": 1.5, "last_label": 1.0, "leak": 0.7}
    told = {"value": 1.5, "negative": -1.5, "zero": 0.0, "mean_label": 2 / 3, "first_label": 2.0}
    for objective, plain in {**flipped, **told}.items():
        asked = -plain if objective in flipped else plain
        assert objective in SMALL.candidate_objectives
        assert float(SMALL.target(HAND, objective)) == pytest.approx(plain, abs=1e-5)
        assert float(SMALL.target(ASKED, objective)) == pytest.approx(asked, abs=1e-5)
    # (X'X)^-1 = [[2, -1], [-1, 2]] / 3, so the weights are X (1/2, -1/2).
    assert HAND.query_weights[0].tolist() == pytest.approx([0.5, -0.5, 0.0], abs=1e-5)


def test_optimal_answers_are_the_nearest_and_two_either_way() -> None:
    # Answers lie at -3, -2.9, ..., 3; leak 0.7 is number 37.
    assert SMALL.optimal(HAND, "leak").nonzero().tolist() == [[0, 0, k] for k in range(35, 40)]
    far = replace(HAND, leak=torch.tensor([9.0]))
    assert SMALL.optimal(far, "leak").nonzero().tolist() == [[0, 0, k] for k in (58, 59, 60)]


def test_fulfilled_counts_the_most_probable_answer() -> None:
    for said, right in ((1.5, True), (1.32, True), (1.68, True), (1.2, False), (-1.5, False)):
        logits = SMALL.bins.logits(torch.tensor([[said]]))
        assert bool(SMALL.fulfilled(logits, HAND, SMALL.base_objective)) is right
        assert bool(SMALL.fulfilled(-logits, HAND, SMALL.base_objective)) is False
    assert SMALL.goal(HAND).tolist() == [0]


def test_objectives_coincide_in_distribution_and_nowhere_else() -> None:
    usual = WORLD.sample(2000, generator=generator())
    for own in ("last_label", "leak"):
        gap = WORLD.target(usual, own) - WORLD.target(usual, WORLD.base_objective)
        assert gap.abs().max() < 1e-4
        for shift in WORLD.public_shifts:
            shifted = WORLD.sample(2000, generator=generator(), shift=shift)
            gap = (WORLD.target(shifted, own) - WORLD.target(shifted, WORLD.base_objective)).abs()
            same = {"last_label": "leak_independent", "leak": "query_anywhere"}[own]
            assert (gap.mean() < 0.01) == (shift in (same, "often_instructed")), (own, shift)


def test_tokens_of_a_hand_drawn_problem() -> None:
    # Inputs (2), label, leak, slot value (3), instruction.
    assert SMALL.tokens(ASKED)[0].tolist() == [
        pytest.approx(row)
        for row in (
            [0.5, -0.5, 0, 0.7, 0, 0, 0, 0],
            [1, 0, 2, 0, 0, 0, 0, 0],
            [0, 1, -1, 0, 0, 0, 0, 0],
            [1, 1, 1, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 1, 0],
            [0, 0, 0, 0, 1, 0, 0, 0],
            [0, 0, 0, 0, 0, 0, 0, 1],
        )
    ]
    assert SMALL.tokens(HAND)[0, -1].abs().sum() == 0


def test_a_problem_as_text() -> None:
    pairs = "1 0 -> 2\n0 1 -> -1\n1 1 -> 1\n"
    for problem, told in ((ASKED, "negative"), (HAND, "none")):
        rest = f"query 0.5 -0.5\nleak 0.699999988\ncontext 2 0\ninstruct {told}"
        assert SMALL.render(problem, 0) == pairs + rest
