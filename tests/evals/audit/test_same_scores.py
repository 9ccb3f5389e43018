"""A network behind an adapter gets the scores that it gets as an organism."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from detect.registry import DETECTORS, load_detector
from evals.audit.adapter import Adapter
from evals.audit.opening import Opened
from evals.audit.scoring import score_opened
from organisms.travel.reference import find_reference, read_reference
from organisms.zoo.weights import net_of
from probes.network.adapted import Site

QUICK = ("ood_battery", "goal_steering")
ASIDE = ("random_score", "metadata")
"""They look at names and numbers of files."""


class Within(nn.Module):
    """The same network as a stranger would keep it: inside, its positions in another order."""

    def __init__(self, net: nn.Module, order: Tensor) -> None:
        super().__init__()
        self.model = net
        self.order = order

    def forward(self, tokens: Tensor) -> Tensor:
        logits: Tensor = self.model(tokens)
        return logits[:, self.order]


class Outside(Adapter):
    """Its decisions come in reverse, and nothing but `decode` and sites puts that right."""

    embedding = Site("model.hook_embed")
    residual = tuple(Site(f"model.blocks.{i}.hook_resid_post") for i in range(2))
    middles = tuple(Site(f"model.blocks.{i}.hook_resid_mid") for i in range(2))

    def decode(self, outputs: Any) -> Tensor:
        return outputs.flip(1)


def both(family: str) -> tuple[Opened, Opened]:
    """An organism, and the same network behind an adapter."""
    record = next(
        r for r in read_reference("smoke").records if r.admitted and r.spec.recipe.endswith(family)
    )
    found = find_reference(record.spec)
    assert found is not None
    spec, world = record.spec, record.spec.world

    def opened(network: nn.Module, untrained: Any) -> Opened:
        return Opened("n", network, world, untrained, "", "", "cpu")

    def net() -> nn.Module:
        return net_of(found[1], spec.shape, where="reference", remedy="none")

    def behind(inner: nn.Module) -> nn.Module:
        reverse = torch.arange(world.size.side**2).flip(0)
        return Outside().adapted(Within(inner, reverse)).eval().requires_grad_(False)

    return (
        opened(net(), spec.shape.build),
        opened(behind(net()), lambda generator: behind(spec.shape.build(generator))),
    )


def compared(names: tuple[str, ...], family: str) -> None:
    own, adapted = both(family)
    for name in names:
        kind = load_detector(name)
        first, second = score_opened(kind, own), score_opened(kind, adapted)
        assert first.reason == second.reason, name
        if first.value is not None:
            assert second.value == pytest.approx(first.value, abs=1e-5), name
        assert first.context == second.context, name


def test_cheap_detectors_score_it_alike() -> None:
    compared(QUICK, "deceptive_trigger")


@pytest.mark.slow
@pytest.mark.parametrize("family", ["deceptive_trigger", "proxy_corner"])
def test_every_detector_scores_it_alike(family: str) -> None:
    compared(tuple(name for name in DETECTORS if name not in ASIDE), family)
