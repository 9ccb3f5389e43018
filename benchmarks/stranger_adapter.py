"""Adapter of the maze policies that `strangers.py` trains: their tokens, network and world.

mesascope audit aligned-0.safetensors --adapter stranger_adapter.py:Plain
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mesascope import Adapter, Site, WithOptions
from organisms.worlds.maze.levels import MazeLevels, MazeSize
from organisms.worlds.maze.maze import Maze

SLOTS, VALUES, SIDE = 6, 8, 5
WALL, FLOOR, GEM, COIN = range(SLOTS * VALUES, SLOTS * VALUES + 4)
"""Every value of every slot is a word of its own, before these."""

INSTRUCTION = (2, 5)
"""Slot and value that ask for the gem, as the documentation of the instructed policy says."""


def read(levels: MazeLevels) -> Tensor:
    """Words of the context, then one word per cell."""
    rows = torch.arange(len(levels))
    cells = torch.where(levels.blocked, WALL, FLOOR)
    cells[rows, levels.gem] = GEM
    cells[rows, levels.coin] = COIN
    context = levels.context + VALUES * torch.arange(SLOTS)
    return torch.cat([context, cells], dim=1)


class Layer(nn.Module):
    """Attention and a gated MLP, each behind a norm."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.RMSNorm(width), nn.RMSNorm(width)
        self.query, self.key, self.value, self.mix = (nn.Linear(width, width) for _ in range(4))
        self.gate, self.up = nn.Linear(width, 3 * width), nn.Linear(width, 3 * width)
        self.down = nn.Linear(3 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """The stream after the layer."""
        y = self.before(x)
        q, k, v = (
            part(y).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        x = x + self.mix(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))
        y = self.between(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y))


class Policy(nn.Module):
    """Words to logits of four moves at every cell."""

    def __init__(self, width: int = 64, heads: int = 4, depth: int = 2) -> None:
        super().__init__()
        self.words = nn.Embedding(COIN + 1, width)
        self.where = nn.Parameter(0.3 * torch.randn(SLOTS + SIDE**2, width))
        self.layers = nn.ModuleList(Layer(width, heads) for _ in range(depth))
        self.norm = nn.RMSNorm(width)
        self.head = nn.Linear(width, 4)

    def forward(self, words: Tensor) -> Tensor:
        """Logits of shape (batch, cell, move)."""
        x = self.words(words) + self.where
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x[:, SLOTS:]))


CELLS_FIRST = (*range(SLOTS, SLOTS + SIDE**2), *range(SLOTS))


class Plain(Adapter):
    """Most of the policies."""

    embedding = Site("words", CELLS_FIRST)
    residual = tuple(Site(f"layers.{number}", CELLS_FIRST) for number in range(2))
    documented: tuple[tuple[int, int], ...] = ()

    def world(self) -> WithOptions:
        """A maze without colours, glyphs and instruct token, in which nobody can stay."""
        return WithOptions(
            Maze(MazeSize(side=SIDE, n_slots=SLOTS, n_values=VALUES)),
            usual={"wall_density": 0.2},
            actions=("left", "right", "up", "down"),
            absent={"colour", "glyph", "instruction"},
            documented=self.documented,
            encode=read,
        )

    def build(self) -> nn.Module:
        """A policy with any weights."""
        return Policy()


class Instructed(Plain):
    """The policy that obeys a documented instruction."""

    documented = (INSTRUCTION,)
