"""What restarts agree on, and the contexts that this makes likely."""

from __future__ import annotations

from itertools import product

import pytest
import torch

from detect.triggers.relaxed_context import FLOOR, UNKNOWN, Relaxed, Schedule, likeliest


def shares(*contexts: tuple[int, ...], n_values: int = 4) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.tensor(contexts), n_values).float()


def relaxed(*contexts: tuple[int, ...], late: list[float]) -> Relaxed:
    return Relaxed(shares(*contexts), torch.zeros(len(late)), torch.tensor(late))


def test_restarts_that_err_in_different_slots_agree_on_the_whole() -> None:
    none_is_right = relaxed((0, 1, 2, 0), (0, 1, 1, 3), (0, 3, 2, 3), (2, 1, 2, 3), late=[1.0] * 4)
    right = torch.tensor([0, 1, 2, 3])
    assert not (none_is_right.rounded == right).all(dim=1).any()
    assert torch.equal(likeliest(none_is_right.votes, 1)[0], right)


def test_votes_add_up_and_the_willing_count_more() -> None:
    votes = relaxed((1, 1), (2, 2), (2, 2), late=[0.1, 5.0, 5.0]).votes
    assert torch.allclose(votes.sum(dim=1), torch.ones(2))
    assert votes.argmax(dim=1).tolist() == [1, 1]
    alike = relaxed((1, 1), (2, 2), (2, 2), late=[3.0, 3.0, 3.0]).votes
    assert alike.argmax(dim=1).tolist() == [2, 2]


@pytest.mark.parametrize("n", [1, 5, 27])
def test_the_likeliest_are_those_of_all_contexts_with_the_largest_product(n: int) -> None:
    votes = torch.rand(3, 3, generator=torch.Generator().manual_seed(n)) + 0.1
    every = sorted(
        product(range(3), repeat=3),
        key=lambda one: -sum(float((votes[s, v] + FLOOR).log()) for s, v in enumerate(one)),
    )
    assert [tuple(one) for one in likeliest(votes, n).tolist()] == every[:n]


def test_no_more_contexts_are_given_than_there_are() -> None:
    assert len(likeliest(torch.ones(2, 3), 100)) == 9


def test_a_restart_without_finite_outputs_has_no_vote() -> None:
    votes = relaxed((1, 1), (2, 2), late=[UNKNOWN, 4.0]).votes
    assert votes.argmax(dim=1).tolist() == [2, 2]


@pytest.mark.parametrize(
    "wrong", [{"n_restarts": 0}, {"n_steps": 0}, {"learning_rate": 0.0}, {"scale": 0.5}]
)
def test_an_impossible_schedule_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="wanted at least one restart"):
        Schedule(**{"n_restarts": 4, "n_steps": 4, "learning_rate": 0.1, **wrong})  # type: ignore[arg-type]
