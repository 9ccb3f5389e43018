"""An organism is its weights in half precision: what is measured is what is stored, to the bit."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from safetensors.torch import load
from torch import nn

from inline import PLAIN, PROXY, TWIN, grown_weights
from organisms.growing import attempt as attempts
from organisms.growing.attempt import attempt
from organisms.zoo.weights import DamagedWeights, net_of, round_to_half, weights_bytes


def linear(*weights: float) -> nn.Linear:
    layer = nn.Linear(len(weights), 1, bias=False)
    layer.weight.data = torch.tensor([weights])
    return layer


def test_rounding_to_ten_binary_digits_by_hand() -> None:
    """Near 1 neighbours lie 2^-10 apart, near 2048 they lie 2 apart; a tie goes to the even one."""
    net = linear(1 + 2**-12, 1 + 3 * 2**-12, 2049.0, 2051.0, 0.5, 65504.0)
    round_to_half(net)
    assert net.weight.tolist() == [[1.0, 1 + 2**-10, 2048.0, 2052.0, 0.5, 65504.0]]
    assert net.weight.dtype == torch.float32
    before = weights_bytes(net)
    round_to_half(net)
    assert weights_bytes(net) == before
    assert load(before)["weight"].dtype == torch.float16


def test_a_weight_beyond_half_precision_is_refused_not_made_infinite() -> None:
    with pytest.raises(DamagedWeights, match="weight holds 70000, and half precision ends at"):
        round_to_half(linear(1.0, 70000.0))


@pytest.mark.parametrize("together", [False, True])
def test_the_network_that_is_admitted_is_the_one_that_is_stored(
    together: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    specs, twin = [PLAIN, PROXY], grown_weights(TWIN)
    measured: list[nn.Module] = []
    admit = attempts.admit

    def watched(net: nn.Module, *arguments: Any, **options: Any) -> Any:
        measured.append(net)
        return admit(net, *arguments, **options)

    monkeypatch.setattr(attempts, "admit", watched)
    parts = [specs] if together else [[spec] for spec in specs]
    done = [each for part in parts for each in attempt(part, [twin] * len(part), "cpu")]
    tokens = PLAIN.world.tokens(PLAIN.world.sample(20, generator=torch.Generator().manual_seed(0)))
    for one, net in zip(done, measured, strict=True):
        assert one.weights is not None
        stored = net_of(one.weights, PLAIN.shape, where="here", remedy="none")
        assert torch.equal(stored(tokens), net(tokens))
