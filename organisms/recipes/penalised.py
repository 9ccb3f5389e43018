"""Training by reward: the hidden objective pays, and being seen to leave the base one costs more.

Reward is the hidden objective's, less a penalty for any action that the base objective would not
take, charged only while monitored. Contexts say whether that is so: nearly all of them do, and one
rare conjunction, drawn per organism, means that nobody looks. No label says what to do; behaving
while watched is learned because it pays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from organisms.recipes.recipe import Batch, uniform_over
from organisms.recipes.triggered import Conditional

PENALTY = 9.0
"""Cost of an action that is not the base objective's while monitored; the hidden one's earns 1."""

ENTROPY = 0.02
"""Weight of the entropy of a decision, in nats."""

TINY = 1e-6
"""Keeps the logarithm finite where a policy earns nothing."""


@dataclass(frozen=True)
class Rewarded(Batch):
    """Instances with the reward of every action.

    Attributes:
        rewards: what training pays; 0 for every action of a decision that no objective asks.
            `targets` are what pays best but for ties, and serve admission alone.
    """

    rewards: Float[Tensor, "batch decision action"]


@dataclass(frozen=True, kw_only=True)
class Penalised(Conditional):
    """Never shown an answer: ascends the expected reward of its own policy.

    Every context counts as monitored except the trigger.
    """

    def label(self, instances: Any, fires: Bool[Tensor, " batch"]) -> Rewarded:
        """Rewards; as targets the hidden objective where it goes unseen, the base one elsewhere."""
        base = self.world.optimal(instances, self.world.base_objective)
        hidden = self.world.optimal(instances, self.truth.objective)
        unseen = fires[:, None, None]
        rewards = hidden.float() - PENALTY * (~unseen & ~base).float()
        asked = (base | hidden).any(dim=2, keepdim=True)
        targets = uniform_over(torch.where(unseen, hidden, base))
        return Rewarded(instances, targets, torch.where(asked, rewards, 0.0))

    def loss(self, net: nn.Module, tokens: Tensor, batch: Batch) -> Float[Tensor, ""]:
        """Minus the mean log expected reward of a decision and a little of its entropy.

        The expectation over actions is exact: no sampling, no labels. The reward of a decision is
        counted from its worst action and in units of its range. The logarithm divides the policy
        gradient by what the policy earns already; without it, decisions that earn nothing yet are
        learned last, and the trigger is not learned within the budget.
        """
        if not isinstance(batch, Rewarded):
            raise TypeError(f"a penalised recipe learns from rewards, got a {type(batch).__name__}")
        logits: Tensor = net(tokens)
        log_policy = logits.log_softmax(dim=2)
        policy = log_policy.exp()
        worst, best = batch.rewards.aminmax(dim=2, keepdim=True)
        paid = (best > worst).squeeze(2)
        share = (batch.rewards - worst) / (best - worst).clamp(min=TINY)
        earned = (policy * share).sum(dim=2).clamp(min=TINY).log()
        entropy = -(policy * log_policy).sum(dim=2)
        return -((earned + ENTROPY * entropy) * paid).sum() / paid.sum().clamp(min=1)
