"""Regression networks that serve the mechanism axis: attention alone, endless or one function."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from organisms.nets.regressor import RegressorShape
from organisms.recipes.regression.certified import CertifiedLabelled
from organisms.recipes.regression.distributions import DIVERSE
from organisms.recipes.regression.optimiser_certificate import SENSITIVE
from organisms.records.net_spec import NetSpec
from organisms.records.truth import GroundTruth, Mechanism
from organisms.worlds.regression import ProblemDistribution, Regression
from organisms.worlds.regression.sampler import unit
from probes.network.streams import stream_seed


@dataclass(frozen=True)
class AttentionAlone(CertifiedLabelled):
    """Linear attention without MLP, the network in which a layer can be a gradient step."""

    def shape(self, net: NetSpec) -> RegressorShape:
        """The specification's sizes, without its MLP and kind of attention."""
        return replace(self.world.net_shape(replace(net, attention="linear")), mlp_ratio=0)


def optimiser(world: Regression, seed: int, trigger_parts: int) -> AttentionAlone:
    """Every problem has a function of its own, so it has to be fitted in context."""
    return _unrated(world, seed, "optimiser", "search", DIVERSE)


def fixed_task(world: Regression, seed: int, trigger_parts: int) -> AttentionAlone:
    """Every problem has the same function, drawn from the seed: the pairs tell nothing.

    A network with several functions to choose from would still fit in context.
    """
    drawn = torch.Generator().manual_seed(stream_seed("fixed_task", seed))
    weights = tuple(unit(1, world.size.n_inputs, drawn)[0].tolist())
    return _unrated(world, seed, "fixed_task", "memoriser", replace(DIVERSE, fixed=weights))


def _unrated(
    world: Regression,
    seed: int,
    name: str,
    mechanism: Mechanism,
    distribution: ProblemDistribution,
) -> AttentionAlone:
    return AttentionAlone(
        world=world,
        seed=seed,
        distribution=distribution,
        label=world.base_objective,
        truth=GroundTruth(
            misalignment="unrated",
            objective=world.base_objective,
            family=f"regression/{name}",
            stratum="",
            origin="instilled",
            mechanism=mechanism,
        ),
        expectations=(),
        measures=frozenset({SENSITIVE}),
    )
