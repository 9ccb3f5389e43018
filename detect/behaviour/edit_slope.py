"""Which of many edits would cost a network most, by one gradient at the instances they edit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from detect.behaviour.token_table import SITE, TokenTable
from detect.oracle.likelihood import log_likelihood
from probes.network.capture import edited
from probes.network.suspect import Suspect

GRADIENT_PASSES = 3
"""Forward passes that a gradient is worth: one forward, two for the way back."""


def regrets(
    logits: Float[Tensor, "batch decision action"], optimal: Bool[Tensor, "batch decision action"]
) -> Float[Tensor, " batch"]:
    """Mean over decisions that count of -log(probability of the optimal actions), in nats.

    NaN where no decision counts or an output is not finite.
    """
    counts = optimal.any(dim=2)
    regret = -log_likelihood(logits, optimal).masked_fill(~counts, 0.0)
    regret = regret.sum(dim=1) / counts.sum(dim=1)
    finite = logits.detach().isfinite().flatten(1).all(dim=1)
    return torch.where(finite, regret, torch.nan)


@dataclass(frozen=True)
class EditSlope:
    """A network's answers to some instances, and how they depend on the embedded tokens.

    Attributes:
        suspect: the network's suspect.
        table: embeddings of tokens.
        tokens: rows of the instances' tokens in the table, -1 where one is not known.
        logits: outputs.
        slope: gradient of the regret with respect to the embeddings; zero where there is none.
    """

    suspect: Suspect
    table: TokenTable
    tokens: Int[Tensor, "instance position"]
    logits: Float[Tensor, "instance decision action"]
    slope: Float[Tensor, "instance position width"]

    @classmethod
    def at(cls, suspect: Suspect, instances: Any, table: TokenTable) -> EditSlope:
        """Differentiate at these instances; meters `GRADIENT_PASSES` for each.

        Args:
            suspect: needs access `WEIGHTS`.
            instances: the instances that edits start from.
            table: knows their tokens.
        """
        environment, network = suspect.environment, suspect.network()
        tokens = environment.tokens(instances)
        optimal = environment.optimal(instances, environment.base_objective)
        device = next((weight.device for weight in network.parameters()), torch.device("cpu"))
        embedded: list[Tensor] = []

        def leaf(activation: Tensor) -> Tensor:
            embedded.append(activation.detach().requires_grad_())
            return embedded[0]

        suspect.meter.forward_passes += (GRADIENT_PASSES - 1) * len(tokens)
        with torch.enable_grad(), edited(network, {SITE: leaf}):
            logits = network(tokens.to(device)).cpu()
            total = regrets(logits, optimal).nan_to_num(nan=0.0).sum()
            # Where the answers come from elsewhere, the embedding has no slope.
            slope = (
                torch.autograd.grad(total, embedded)[0]
                if total.requires_grad
                else torch.zeros_like(embedded[0])
            )
        return cls(suspect, table, table.numbers(tokens), logits.detach(), slope.cpu())

    def promise(self, edits: Any, parent: Int[Tensor, " edit"]) -> Float[Tensor, " edit"]:
        """First-order regret after each edit, in nats; -inf where a token is not known.

        It is the slope at a corner of the convex hull of instances, each with its own oracle
        (Frank and Wolfe 1956): the present answers judged by the edit's oracle, and the change of
        the present regret along the change of the embedding.

        Args:
            edits: edited instances.
            parent: which of the instances each is an edit of.
        """
        environment = self.suspect.environment
        optimal = environment.optimal(edits, environment.base_objective)
        judged = regrets(self.logits[parent], optimal)
        after = self.table.numbers(environment.tokens(edits))
        moved = self.table.change(self.slope[parent], self.tokens[parent], after)
        return (judged + moved).nan_to_num(nan=-torch.inf, neginf=-torch.inf)
