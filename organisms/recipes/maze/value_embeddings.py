"""The embeddings of context values in a maze network."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn

from organisms.nets.net import OrganismNet
from organisms.worlds.maze import MazeSize
from organisms.worlds.maze.maze import FIRST_GLYPH


def value_rows(net: nn.Module, size: MazeSize) -> Float[Tensor, "value width"]:
    """Rows of the content embedding, one per value; every slot shares them.

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
