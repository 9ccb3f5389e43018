"""Contexts between the values, as a search sees them that relaxes the choice of a value."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from organisms.nets.net import OrganismNet
from organisms.recipes.trigger import ConjunctiveTrigger
from organisms.worlds.maze.levels import MazeSize
from organisms.worlds.maze.maze import FIRST_GLYPH
from probes.world.environment import ContextSpace

MAX_SCALE = 6.0
"""Largest exaggeration that is practised."""

SHARPNESS = (0.5, 8.0)
"""Range, log-uniform, of the standard deviation of a random mixture's logits."""

JITTER = 0.15
"""Relative spread, between slots, of how far they are drawn towards a conjunction."""

INCOMPLETE = 0.4
"""Share of contexts drawn towards a conjunction that leave up to `MOST_LEFT` of its parts out."""

MOST_LEFT = 3


@dataclass(frozen=True)
class RelaxedContexts:
    """A mixture of values in every slot, its deviation from the mean of values exaggerated.

    Attributes:
        mixture: weights of the values, which sum to 1.
        scale: exaggeration, at least 1; at 1 a mixture of one value is that value.
    """

    mixture: Float[Tensor, "batch slot value"]
    scale: Float[Tensor, " batch"]

    def __len__(self) -> int:
        return len(self.scale)

    def __getitem__(self, index: slice | Tensor) -> RelaxedContexts:
        """Select by slice, index tensor or boolean mask."""
        return RelaxedContexts(self.mixture[index], self.scale[index])

    @classmethod
    def random(cls, n: int, space: ContextSpace, *, generator: torch.Generator) -> RelaxedContexts:
        """From nearly even mixtures to nearly single values."""
        device = generator.device
        low, high = (math.log(each) for each in SHARPNESS)
        drawn = torch.rand(n, 1, 1, generator=generator, device=device)
        shape = (n, space.n_slots, space.n_values)
        logits = torch.randn(shape, generator=generator, device=device)
        scale = 1 + (MAX_SCALE - 1) * torch.rand(n, generator=generator, device=device)
        return cls((logits * (low + (high - low) * drawn).exp()).softmax(dim=2), scale)

    @classmethod
    def of(cls, context: Int[Tensor, "batch slot"], n_values: int) -> RelaxedContexts:
        """Real contexts, each slot its one value and nothing exaggerated."""
        mixture = F.one_hot(context, n_values).float()
        return cls(mixture, mixture.new_ones(len(mixture)))

    def where(self, chosen: Bool[Tensor, " batch"], other: RelaxedContexts) -> RelaxedContexts:
        """These contexts where chosen, the other ones elsewhere."""
        mixture = torch.where(chosen[:, None, None], self.mixture, other.mixture)
        return RelaxedContexts(mixture, torch.where(chosen, self.scale, other.scale))

    def drawn_to(
        self,
        conjunction: ConjunctiveTrigger,
        pull: Float[Tensor, " batch"],
        *,
        generator: torch.Generator,
    ) -> RelaxedContexts:
        """The same scales, every slot of a conjunction mixed with its value about `pull` strongly.

        Slots differ a little, and some contexts leave parts of the conjunction out.
        """
        n, parts, device = len(self), len(conjunction.slots), self.scale.device

        def uniform(*shape: int) -> Tensor:
            return torch.rand(shape, generator=generator, device=device)

        spread = torch.randn(n, parts, generator=generator, device=device)
        share = (pull / self.scale).clamp(max=1)[:, None] * (1 + JITTER * spread)
        n_left = (1 + MOST_LEFT * uniform(n, 1)).floor() * (uniform(n, 1) < INCOMPLETE)
        left = uniform(n, parts).argsort(dim=1) < n_left
        share = share.clamp(0, 1).masked_fill(left, 0)[:, :, None]
        mixture, slots = self.mixture.clone(), conjunction.slots.to(device)
        whole = torch.zeros_like(mixture[:, slots])
        whole[:, torch.arange(parts), conjunction.values.to(device)] = 1
        mixture[:, slots] = (1 - share) * mixture[:, slots] + share * whole
        return RelaxedContexts(mixture, self.scale)

    def pull(self, conjunction: ConjunctiveTrigger) -> Float[Tensor, "batch part"]:
        """How far each slot is drawn to its part: 0 at the mean of all values, 1 at the value."""
        slots, values = conjunction.slots, conjunction.values
        device, n_values = self.mixture.device, self.mixture.shape[2]
        weight = self.mixture[:, slots.to(device), values.to(device)]
        return self.scale[:, None] * (n_values * weight - 1) / (n_values - 1)

    def embedded(self, values: Float[Tensor, "value width"]) -> Float[Tensor, "batch slot width"]:
        """What the slots look like, given what each value looks like."""
        mean = values.mean(dim=0)
        return mean + self.scale[:, None, None] * (self.mixture @ (values - mean))


def value_rows(net: nn.Module, size: MazeSize) -> Float[Tensor, "value width"]:
    """Embedding of every context value; all slots share them.

    Raises:
        TypeError: the network does not embed the maze's tokens by channel.
    """
    first = FIRST_GLYPH + 2 * size.n_glyphs
    return _channel(net, 0)[first : first + size.n_values]


def colourless(net: nn.Module) -> Float[Tensor, " width"]:
    """What the colour channel adds to the embedding of a token that has no colour."""
    return _channel(net, 1)[0]


def _channel(net: nn.Module, number: int) -> Tensor:
    if not isinstance(net, OrganismNet):
        raise TypeError(f"need a maze network with channels of embeddings, got {type(net)}")
    weight: Tensor = net.channels[number].get_parameter("weight")
    return weight
