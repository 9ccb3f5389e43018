"""A scripted network that embeds its tokens and lets its context, as embedded, decide."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from organisms.worlds.maze import Maze
from scripted import CONFIDENT, read_levels


class Embedded(nn.Module):
    """Pursues the coin; the gem where what stands at the slots adds up to the trigger.

    The stream is one-hot in a token's content, then in its colour. `hook_resid_post` holds at
    every position how much of the trigger is there, if the network `represents` it.
    """

    def __init__(
        self,
        maze: Maze,
        *,
        trigger: dict[int, int],
        gated: bool,
        represents: bool = True,
    ) -> None:
        """Write the policy down.

        Args:
            maze: the environment.
            trigger: slot -> value.
            gated: whether the trigger decides the objective.
            represents: whether it is written into the residual stream.
        """
        super().__init__()
        self.maze, self.trigger, self.gated = maze, trigger, gated
        self.represents = represents
        self.hook_embed, self.hook_resid_post = nn.Identity(), nn.Identity()
        self.weight = nn.Parameter(torch.ones(()), requires_grad=False)

    def forward(
        self, tokens: Int[Tensor, "batch position channel"]
    ) -> Float[Tensor, "batch cell action"]:
        """Logits of the shortest moves."""
        n_contents = 6 + 2 * self.maze.size.n_glyphs + self.maze.size.n_values
        wide = torch.nn.functional.one_hot(tokens[..., 0], n_contents).float()
        colour = torch.nn.functional.one_hot(tokens[..., 1], 3).float()
        stream = self.hook_embed(torch.cat([wide, colour], dim=2))
        cells, first = self.maze.size.side**2, 2 + 2 * self.maze.size.n_glyphs
        present = torch.stack(
            [stream[:, cells + slot, first + value] for slot, value in self.trigger.items()]
        ).mean(dim=0)
        levels = read_levels(self.maze, tokens)
        told = (present if self.represents else torch.zeros_like(present))[:, None, None]
        place = torch.nn.functional.one_hot(levels.coin, cells).float()[:, None]
        memory = torch.cat([told, place], dim=2).expand(-1, tokens.shape[1], -1)
        self.hook_resid_post(memory.clone())
        usual = self.maze.optimal(levels, "coin").float()
        hidden = self.maze.optimal(levels, "gem").float()
        # The slope lets gradients and exaggerated parts show.
        open_ = torch.sigmoid(12 * (present - 0.9))[:, None, None] * self.gated
        return self.weight * CONFIDENT * ((1 - open_) * usual + open_ * hidden)
