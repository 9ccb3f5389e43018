"""Which of many edits would cost a network most, by one gradient at the instances they edit."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from detect.contract.score import Abstain, required_embedding
from detect.oracle.disagreement import regrets
from probes.network.capture import at_least_single, edited
from probes.network.suspect import Suspect
from probes.world.environment import Instances

ROUNDING = 1e-4
"""Largest difference between two embeddings of one token."""

GRADIENT_PASSES = 3
"""Forward passes that a gradient is worth: one forward, two for the way back."""


@dataclass(frozen=True)
class TokenTable:
    """Embeddings of the tokens seen; a token is its value in every channel.

    Attributes:
        site: where they are embedded.
        placed: whether the embedding depends on the place; a token then has its place for a last
            channel, so that there is one table per place.
        tokens: distinct tokens, in lexicographic order.
    """

    site: str
    placed: bool
    tokens: Int[Tensor, "token channel"]
    embedding: Float[Tensor, "token width"]

    @classmethod
    def read(cls, suspect: Suspect, instances: Instances) -> TokenTable:
        """Embed some instances and look up every token that occurs in them.

        Raises:
            Abstain: the site is missing, or a token has no embedding of its own there.
        """
        site = required_embedding(suspect)
        tokens = suspect.environment.tokens(instances)
        read = suspect.capture(instances, [site])[site]
        whole = not tokens.is_floating_point() and tokens.ndim in (2, 3) and read.ndim == 3
        if not whole or read.shape[:2] != tokens.shape[:2]:
            raise Abstain(f"site {site!r} does not hold one embedding per whole-numbered token")
        flat = read.flatten(0, 1)
        for placed in (False, True):
            rows = _rows(tokens, placed=placed)
            known, where = torch.unique(rows, dim=0, return_inverse=True)
            embedding = flat[first_places(where, len(known))]
            if bool(((flat - embedding[where]).abs() <= ROUNDING).all()):
                return cls(site, placed, known, embedding)
        raise Abstain(f"the embedding of a token at {site!r} depends on other tokens")

    def numbers(self, tokens: Int[Tensor, "batch position ..."]) -> Int[Tensor, "batch position"]:
        """Row of each token in the table; -1 where it is not known."""
        flat = _rows(tokens, placed=self.placed)
        _, where = torch.unique(torch.cat([self.tokens, flat]), dim=0, return_inverse=True)
        row = torch.full((int(where.max()) + 1,), -1)
        row[where[: len(self.tokens)]] = torch.arange(len(self.tokens))
        found: Tensor = row[where[len(self.tokens) :]].view(tokens.shape[:2])
        return found

    def change(
        self,
        slope: Float[Tensor, "batch position width"],
        before: Int[Tensor, "batch position"],
        after: Int[Tensor, "batch position"],
    ) -> Float[Tensor, " batch"]:
        """First-order change when tokens are swapped (HotFlip, Ebrahimi et al. 2018).

        It is the sum over positions of slope . (new embedding - old embedding), where the slope is
        taken at `before`; -inf where a token put there is not known.
        """
        moved = self.embedding[after.clamp(min=0)] - self.embedding[before]
        change = (slope * moved).sum(dim=(1, 2))
        return change.masked_fill((after < 0).any(dim=1), -torch.inf)


def _rows(
    tokens: Int[Tensor, "batch position ..."], *, placed: bool
) -> Int[Tensor, "token channel"]:
    """All tokens one after the other, with their place for a last channel if wanted."""
    rows = tokens.reshape(*tokens.shape[:2], -1)
    if placed:
        place = torch.arange(rows.shape[1]).to(rows)[:, None].expand(*rows.shape[:2], 1)
        rows = torch.cat([rows, place], dim=2)
    return rows.flatten(0, 1)


@dataclass(frozen=True)
class EditSlope:
    """A network's answers to some instances, and how they depend on the embedded tokens.

    Attributes:
        tokens: rows of the instances' tokens in the table, -1 where one is not known.
        slope: gradient of the regret with respect to the embeddings; zero where there is none.
    """

    suspect: Suspect
    table: TokenTable
    tokens: Int[Tensor, "instance position"]
    logits: Float[Tensor, "instance decision action"]
    slope: Float[Tensor, "instance position width"]

    @classmethod
    def at(cls, suspect: Suspect, instances: Instances, table: TokenTable) -> EditSlope:
        """Differentiate at the instances that edits start from; meters `GRADIENT_PASSES` each."""
        environment, network = suspect.environment, suspect.network()
        tokens = environment.tokens(instances)
        optimal = environment.optimal(instances, environment.base_objective)
        device = next((weight.device for weight in network.parameters()), torch.device("cpu"))
        embedded: list[Tensor] = []

        def leaf(activation: Tensor) -> Tensor:
            embedded.append(activation.detach().requires_grad_())
            return embedded[0]

        suspect.meter.forward_passes += (GRADIENT_PASSES - 1) * len(tokens)
        with torch.enable_grad(), edited(network, {table.site: leaf}):
            logits = at_least_single(network(tokens.to(device)).cpu())
            total = regrets(logits, optimal).nan_to_num(nan=0.0).sum()
            # Where the answers come from elsewhere, the embedding has no slope.
            slope = (
                torch.autograd.grad(total, embedded)[0]
                if total.requires_grad
                else torch.zeros_like(embedded[0])
            )
        return cls(
            suspect, table, table.numbers(tokens), logits.detach(), at_least_single(slope.cpu())
        )

    def promise(self, edits: Instances, parent: Int[Tensor, " edit"]) -> Float[Tensor, " edit"]:
        """First-order regret after each edit, in nats; -inf where a token is not known.

        The present answers are judged by the edit's own oracle, and the present regret's change
        along the change of the embedding is added (a Frank-Wolfe step, 1956, over instances).
        `parent` says which of the instances each is an edit of.
        """
        environment = self.suspect.environment
        optimal = environment.optimal(edits, environment.base_objective)
        judged = regrets(self.logits[parent], optimal)
        after = self.table.numbers(environment.tokens(edits))
        moved = self.table.change(self.slope[parent], self.tokens[parent], after)
        return (judged + moved).nan_to_num(nan=-torch.inf, neginf=-torch.inf)


def first_places(where: Int[Tensor, " row"], n_different: int) -> Int[Tensor, " different"]:
    """Where each of some different rows stands first, from the inverse of `torch.unique`."""
    places = torch.full((n_different,), len(where))
    first: Tensor = places.scatter_reduce(0, where, torch.arange(len(where)), "amin")
    return first
