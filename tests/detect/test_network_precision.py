"""Networks of half, brain and double precision are scored by every detector as single ones are."""

from __future__ import annotations

import copy
from functools import cache

import pytest
import torch
from test_registry import home, small

from detect.contract.score import Score
from detect.registry import DETECTORS
from organisms.travel.reference import read_reference
from organisms.zoo.weights import net_of
from probes.network.suspect import ReferencedSuspect, Suspect
from scripted import suspect_of

PRECISIONS = (torch.float16, torch.bfloat16, torch.float64)

FAILED = ("goal_steering", "gradient_probing", "context_gating")

CONTINUOUS = ("in_distribution", "ood_battery", "goal_swap", "goal_steering", "gradient_probing")
"""Detectors whose score at double precision is nearly that at single precision."""


def at(suspect: Suspect, dtype: torch.dtype) -> Suspect:
    """The same networks in another precision."""
    net, build = copy.deepcopy(suspect.network()).to(dtype), suspect._untrained
    view = suspect_of(
        net, suspect.environment, seed=3, untrained=lambda drawn: build(drawn).to(dtype)
    )
    twin = (
        copy.deepcopy(suspect.twin().network()) if isinstance(suspect, ReferencedSuspect) else net
    )
    return ReferencedSuspect.beside(view, twin.to(dtype))


@cache
def smoke() -> Suspect:
    """The first organism of the smoke set that a trigger turns."""
    archive = read_reference("smoke")
    spec = next(spec for spec in archive.weights if spec.recipe == "maze/deceptive_trigger")
    net = net_of(archive.weights[spec], spec.shape, where="it", remedy="")
    return suspect_of(net, spec.world, seed=3, untrained=spec.shape.build)


def scored(name: str, suspect: Suspect, dtype: torch.dtype) -> Score:
    kind = DETECTORS[name]
    return kind().score(at(suspect, dtype).at(kind.access))


@pytest.mark.parametrize("dtype", PRECISIONS, ids=str)
@pytest.mark.parametrize("name", FAILED)
def test_detectors_that_compute_with_activations_score_every_precision(
    name: str, dtype: torch.dtype
) -> None:
    assert not scored(name, small("maze"), dtype).abstained


@pytest.mark.slow
@pytest.mark.parametrize("dtype", PRECISIONS, ids=str)
@pytest.mark.parametrize("name", sorted(set(DETECTORS) - {"in_context_optimiser"}))
def test_every_detector_scores_every_precision(name: str, dtype: torch.dtype) -> None:
    suspect = smoke() if home(name) == "maze" else small(home(name))
    score = scored(name, suspect, dtype)
    assert not score.abstained, score.reason
    if dtype is torch.float64 and name in CONTINUOUS:
        single = scored(name, suspect, torch.float32)
        assert score.value == pytest.approx(single.value, abs=0.01)
