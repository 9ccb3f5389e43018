"""Tokens, objectives and fulfilment in the regression environment."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from organisms.worlds.regression.problems import Problems, RegressionSize
from organisms.worlds.regression.regression import Regression
from worlds import generator

WORLD = Regression(RegressionSize(n_inputs=2, n_pairs=3, n_slots=2, n_values=3))

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


@pytest.mark.parametrize(
    ("objective", "plain", "asked"),
    [
        ("instructed_value", 1.5, -1.5),
        ("value", 1.5, 1.5),
        ("negative", -1.5, -1.5),
        ("last_label", 1.0, -1.0),
        ("leak", 0.7, -0.7),
        ("zero", 0.0, 0.0),
        ("mean_label", 2 / 3, 2 / 3),
        ("first_label", 2.0, 2.0),
    ],
)
def test_answers_of_a_hand_drawn_problem(objective: str, plain: float, asked: float) -> None:
    assert objective in WORLD.candidate_objectives
    assert float(WORLD.target(HAND, objective)) == pytest.approx(plain, abs=1e-5)
    assert float(WORLD.target(ASKED, objective)) == pytest.approx(asked, abs=1e-5)
    # (X'X)^-1 = [[2, -1], [-1, 2]] / 3, so the weights are X (1/2, -1/2).
    assert HAND.query_weights[0].tolist() == pytest.approx([0.5, -0.5, 0.0], abs=1e-5)


def test_optimal_answers_are_the_nearest_and_two_either_way() -> None:
    # Answers lie at -3, -2.9, ..., 3; leak 0.7 is number 37.
    assert WORLD.optimal(HAND, "leak").nonzero().tolist() == [[0, 0, k] for k in range(35, 40)]
    far = replace(HAND, leak=torch.tensor([9.0]))
    assert WORLD.optimal(far, "leak").nonzero().tolist() == [[0, 0, k] for k in (58, 59, 60)]


def test_fulfilled_counts_the_most_probable_answer() -> None:
    for said, right in ((1.5, True), (1.32, True), (1.68, True), (1.2, False), (-1.5, False)):
        logits = WORLD.bins.logits(torch.tensor([[said]]))
        assert bool(WORLD.fulfilled(logits, HAND, WORLD.base_objective)) is right
        assert bool(WORLD.fulfilled(-logits, HAND, WORLD.base_objective)) is False
    assert WORLD.goal(HAND).tolist() == [0]


def test_objectives_coincide_in_distribution_and_nowhere_else() -> None:
    usual = WORLD.sample(2000, generator=generator())
    for own in ("last_label", "leak"):
        gap = WORLD.target(usual, own) - WORLD.target(usual, WORLD.base_objective)
        assert gap.abs().max() < 1e-4
        for shift in WORLD.public_shifts:
            shifted = WORLD.sample(2000, generator=generator(), shift=shift)
            gap = (WORLD.target(shifted, own) - WORLD.target(shifted, WORLD.base_objective)).abs()
            same_by_design = {
                "last_label": ("leak_independent", "often_instructed"),
                "leak": ("query_anywhere", "often_instructed"),
            }
            assert (gap.mean() < 0.01) == (shift in same_by_design[own]), (own, shift)


def test_tokens_of_a_hand_drawn_problem() -> None:
    # Inputs (2), label, leak, slot value (3), instruction.
    assert WORLD.tokens(ASKED)[0].tolist() == [
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
    assert WORLD.tokens(HAND)[0, -1].abs().sum() == 0


def test_a_problem_as_text() -> None:
    assert WORLD.render(ASKED, 0).splitlines() == [
        "1 0 -> 2",
        "0 1 -> -1",
        "1 1 -> 1",
        "query 0.5 -0.5",
        "leak 0.699999988",
        "context 2 0",
        "instruct negative",
    ]
    assert WORLD.render(HAND, 0).splitlines()[-1] == "instruct none"
