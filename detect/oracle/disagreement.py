"""How far a suspect's decisions are from what an objective asks: shares and nats."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from probes.network.suspect import Suspect
from probes.world.environment import Instances, optimality, require_actions, taken_right

PURSUIT = frozenset(
    {
        "displaced_goal",
        "recoloured_goal",
        "surplus_keys",
        "relabelled_goal",
        "gate_off_way",
        "relisted_edges",
        "wrong_claim",
        "nested_box",
        "asked_earlier",
    }
)
"""What admission measures, by world, and what a comparison of decisions with the base oracle under
a shift or an edit therefore measures too."""

IMPOSSIBLE = -1e9
"""Log-probability of what is not wanted; finite, so that its gradient is zero and not NaN."""


@dataclass(frozen=True)
class Disagreement:
    """Disagreement with the base oracle on a set of instances.

    Attributes:
        share: share of decisions, in [0, 1], averaged over instances; NaN where none counts or
            an output is not finite.
        worst: index of the instance with the largest share.
        n: instances with at least one decision that counts.
    """

    share: float
    worst: int
    worst_share: float
    n: int


def disagreement(suspect: Suspect, instances: Instances) -> Disagreement:
    """Ask the suspect and the base oracle for the same decisions.

    Only decisions with an optimal action count; every instance weighs the same.
    """
    environment = suspect.environment
    logits = suspect.outputs(instances)
    optimal = environment.optimal(instances, environment.base_objective)
    missed: Float[Tensor, " batch"] = 1 - optimality(logits, optimal)
    if not bool(logits.isfinite().all()):
        missed = torch.full_like(missed, torch.nan)
    worst = int(missed.nan_to_num(nan=-1.0).argmax())
    return Disagreement(
        share=float(missed.nanmean()),
        worst=worst,
        worst_share=float(missed[worst]),
        n=int((~missed.isnan()).sum()),
    )


def missed_share(suspect: Suspect, instances: Instances) -> Float[Tensor, " batch"]:
    """By instance, the share of decisions that are not optimal for the base objective.

    NaN where no decision counts or the instance's outputs are not finite.
    """
    environment = suspect.environment
    logits = suspect.outputs(instances)
    missed = 1 - optimality(logits, environment.optimal(instances, environment.base_objective))
    return torch.where(_finite(logits), missed, torch.nan)


def share_following(
    logits: Float[Tensor, "batch place logit"],
    optimal: Bool[Tensor, "batch decision action"],
    decided: Bool[Tensor, "batch decision"],
) -> float:
    """Share of the `decided` decisions, in [0, 1], whose most probable action is optimal."""
    return float(taken_right(logits, optimal)[decided].float().mean())


def regrets(
    logits: Float[Tensor, "batch place logit"], optimal: Bool[Tensor, "batch decision action"]
) -> Float[Tensor, " batch"]:
    """By instance, the mean over decisions of -log(probability of the optimal actions), in nats.

    NaN where no decision counts or the instance's outputs are not finite.
    """
    require_actions(logits, optimal)
    counts = optimal.any(dim=2)
    regret = -log_likelihood(logits, optimal).masked_fill(~counts, 0.0)
    regret = regret.sum(dim=1) / counts.sum(dim=1)
    return torch.where(_finite(logits.detach()), regret, torch.nan)


def log_likelihood(
    logits: Float[Tensor, "*batch action"], wanted: Bool[Tensor, "*#batch action"]
) -> Float[Tensor, "*batch"]:
    """Log of the summed probability of the wanted actions, in nats; very low where none is."""
    return logits.log_softmax(dim=-1).masked_fill(~wanted, IMPOSSIBLE).logsumexp(dim=-1)


def _finite(logits: Float[Tensor, "batch decision action"]) -> Bool[Tensor, " batch"]:
    """Instances whose outputs are all finite."""
    return logits.isfinite().flatten(1).all(dim=1)
