"""What every token is embedded as, and what swapping tokens would do to first order."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from probes.network.suspect import Suspect
from probes.world.environment import Instances

SITE = "hook_embed"
"""Where our networks, and TransformerLens's, embed their tokens, before any position."""

ROUNDING = 1e-4
"""Largest difference between two embeddings of one token."""


class NoTable(ValueError):
    """Tokens do not have one embedding each at the site."""


def first_places(where: Int[Tensor, " row"], n_different: int) -> Int[Tensor, " different"]:
    """Where each of some different rows stands first, from the inverse of `torch.unique`."""
    places = torch.full((n_different,), len(where))
    first: Tensor = places.scatter_reduce(0, where, torch.arange(len(where)), "amin")
    return first


@dataclass(frozen=True)
class TokenTable:
    """Embeddings of the tokens seen; a token is its value in every channel.

    Attributes:
        tokens: distinct tokens, in lexicographic order.
        embedding: of each.
    """

    tokens: Int[Tensor, "token channel"]
    embedding: Float[Tensor, "token width"]

    @classmethod
    def read(cls, suspect: Suspect, instances: Instances) -> TokenTable:
        """Embed some instances and look up every token that occurs in them.

        Args:
            suspect: needs access `ACTIVATIONS`.
            instances: the more varied they are, the more tokens are known.

        Raises:
            NoTable: the site is missing, or a token's embedding depends on its place.
        """
        if SITE not in suspect.sites():
            raise NoTable(f"the network names no site {SITE!r}")
        tokens = suspect.environment.tokens(instances)
        read = suspect.capture(instances, [SITE])[SITE]
        if tokens.is_floating_point() or read.shape[:2] != tokens.shape[:2]:
            raise NoTable(f"site {SITE!r} does not hold one embedding per whole-numbered token")
        known, where = torch.unique(tokens.flatten(0, 1), dim=0, return_inverse=True)
        flat = read.flatten(0, 1)
        embedding = flat[first_places(where, len(known))]
        if not bool(((flat - embedding[where]).abs() <= ROUNDING).all()):
            raise NoTable(f"the embedding of a token at {SITE!r} depends on its place")
        return cls(known, embedding)

    def numbers(
        self, tokens: Int[Tensor, "batch position channel"]
    ) -> Int[Tensor, "batch position"]:
        """Row of each token in the table; -1 where it is not known."""
        flat = tokens.flatten(0, 1)
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
        """First-order change of what has that slope when tokens are swapped (HotFlip, 2018).

        Ebrahimi et al.: the sum over positions of slope . (new embedding - old embedding).

        Args:
            slope: gradient with respect to the embeddings of `before`.
            before: rows of the tokens, all known.
            after: rows of those put there; the change is -inf where one is not known.
        """
        moved = self.embedding[after.clamp(min=0)] - self.embedding[before]
        change = (slope * moved).sum(dim=(1, 2))
        return change.masked_fill((after < 0).any(dim=1), -torch.inf)
