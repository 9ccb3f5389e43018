"""What a probe's control reads of inputs of any kind."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from probes.linear.control import all_token_features, token_features


def test_tokens_are_one_hot_beside_their_position() -> None:
    tokens = torch.tensor([[[0, 1], [1, 0], [2, 1]], [[1, 0], [0, 1], [2, 0]]])
    features = token_features(tokens, 2)
    assert features.shape == (2, 2, 2 + 2 + 2), "the third token is at no decision"
    assert features[0, 0].tolist() == [1, 0, 0, 1, 1, 0]
    assert all_token_features(tokens).shape == (2, 3 * (3 + 2)), "all three"


@pytest.mark.parametrize(
    "inputs",
    [
        torch.rand(4, 3, 2, 2),
        torch.rand(4, 6, 2),
        torch.arange(48).view(4, 3, 2, 2),
        -torch.ones(4, 6, 2, dtype=torch.long),
    ],
    ids=["image", "numbers", "whole image", "below 0"],
)
def test_other_inputs_are_read_whole_at_every_decision(inputs: Tensor) -> None:
    features = token_features(inputs, 5)
    whole = inputs.flatten(1).float()
    assert features.shape == (4, 5, whole.shape[1] + 5)
    for decision in range(5):
        assert torch.equal(features[:, decision, : whole.shape[1]], whole)
        assert features[:, decision, whole.shape[1] + decision].eq(1).all()


def test_small_whole_numbers_count_as_tokens_of_any_type() -> None:
    tokens = torch.tensor([[[0], [3]], [[1], [2]]])
    for dtype in (torch.uint8, torch.int32, torch.bool):
        assert token_features(tokens.to(dtype), 2).is_floating_point()
    assert all_token_features(torch.rand(4, 3, 2)).shape == (4, 6)


@pytest.mark.parametrize("tokens", [[[0, 2], [1, 0]], [[[0], [2]], [[1], [0]]]])
def test_tokens_that_are_no_decisions_are_one_hot_at_every_decision(tokens: list[object]) -> None:
    """An adapter's own tokens may stand in any order: a decision then sees the whole input."""
    features = token_features(torch.tensor(tokens), 3)
    for decision in range(3):
        assert features[0, decision, :6].tolist() == [1, 0, 0, 0, 0, 1]
        assert features[1, decision, :6].tolist() == [0, 1, 0, 1, 0, 0]
        assert features[0, decision, 6:].tolist() == torch.eye(3)[decision].tolist()
