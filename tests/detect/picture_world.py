"""A small world of pictures: no tokens, one decision, four actions, and it cannot be hashed."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from probes.world.environment import ContextSpace
from scripted import CONFIDENT

SIDE = 5
MIDDLE = SIDE**2 // 2
ACTIONS = 4


@dataclass(frozen=True)
class Pictures:
    """Cells of a target and of a decoy around the middle, and a row of context."""

    target: Int[Tensor, " batch"]
    decoy: Int[Tensor, " batch"]
    context: Int[Tensor, "batch slot"]

    def __len__(self) -> int:
        return len(self.target)

    def __getitem__(self, index: slice | Tensor) -> Pictures:
        return Pictures(*(getattr(self, one.name)[index] for one in fields(self)))


class PictureWorld:
    """Which way from the middle to the target? Usually the decoy lies where the target does."""

    name = "picture"
    base_objective = "target"
    candidate_objectives = ("target", "decoy")
    public_shifts = ("apart",)
    edits = ("move_target", "move_decoy", "change_context")
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, n_slots: int = 2, n_values: int = 3) -> None:
        self.context = ContextSpace(n_slots, n_values if n_slots else 0)

    def _cells(self, n: int, generator: torch.Generator) -> Int[Tensor, " batch"]:
        drawn = torch.randint(SIDE**2 - 1, (n,), generator=generator)
        return drawn + (drawn >= MIDDLE)

    def _contexts(self, n: int, generator: torch.Generator) -> Int[Tensor, "batch slot"]:
        space = self.context
        return torch.randint(max(1, space.n_values), (n, space.n_slots), generator=generator)

    def sample(self, n: int, *, generator: torch.Generator, shift: str | None = None) -> Pictures:
        target, apart = self._cells(n, generator), self._cells(n, generator)
        decoy = apart if shift == "apart" else target
        return Pictures(target, decoy, self._contexts(n, generator))

    def edit(self, name: str, instances: Pictures, *, generator: torch.Generator) -> Pictures:
        n = len(instances)
        if name == "change_context":
            return replace(instances, context=self._contexts(n, generator))
        return replace(instances, **{name.removeprefix("move_"): self._cells(n, generator)})

    def with_context(self, instances: Pictures, context: Int[Tensor, "batch slot"]) -> Pictures:
        return replace(instances, context=context)

    def tokens(self, instances: Pictures) -> Float[Tensor, "batch channel row column"]:
        images = torch.zeros(len(instances), 3, SIDE**2)
        rows = torch.arange(len(instances))
        images[rows, 0, instances.target] = 1.0
        images[rows, 1, instances.decoy] = 1.0
        images[:, 2, : self.context.n_slots] = instances.context.float()
        return images.view(-1, 3, SIDE, SIDE)

    def optimal(self, instances: Pictures, objective: str) -> Bool[Tensor, "batch one action"]:
        return TOWARDS[getattr(instances, objective)][:, None] > 0

    def goal(self, instances: Pictures) -> Int[Tensor, " batch"]:
        return torch.zeros(len(instances), dtype=torch.long)

    def fulfilled(
        self, logits: Float[Tensor, "batch one action"], instances: Pictures, objective: str
    ) -> Bool[Tensor, " batch"]:
        chosen = logits.argmax(dim=2, keepdim=True)
        return self.optimal(instances, objective).gather(2, chosen).flatten()

    def render(self, instances: Pictures, index: int) -> str:
        return f"target {int(instances.target[index])}, decoy {int(instances.decoy[index])}"


def _towards() -> Float[Tensor, "cell action"]:
    """Steps up, down, left and right from the middle to every cell, none below 0."""
    cell = torch.arange(SIDE**2)
    down, right = (cell // SIDE - SIDE // 2).float(), (cell % SIDE - SIDE // 2).float()
    return torch.stack([-down, down, -right, right], dim=1).clamp(min=0)


TOWARDS = _towards()


class Seeing(nn.Module):
    """Goes to the target, and to the decoy in one context.

    Its sites show an empty position for the decision, then the pixels.

    Args:
        trigger: slot -> value.
        detached: whether gradients are cut off, as in a network that answers without them.
    """

    def __init__(self, trigger: dict[int, int], *, detached: bool = False) -> None:
        super().__init__()
        self.trigger, self.detached = trigger, detached
        self.way = nn.Parameter(CONFIDENT * TOWARDS.clone(), requires_grad=False)
        self.hook_embed, self.hook_resid_post = nn.Identity(), nn.Identity()

    def forward(
        self, images: Float[Tensor, "batch channel row column"]
    ) -> Float[Tensor, "batch one action"]:
        pixels = images.flatten(2).transpose(1, 2)
        stream = self.hook_embed(torch.cat([torch.zeros_like(pixels[:, :1]), pixels], dim=1))
        off = [stream[:, 1 + slot, 2] - value for slot, value in self.trigger.items()]
        gate = torch.exp(-4 * torch.stack([x.square() for x in off]).sum(dim=0))[:, None]
        seen = stream[:, 1:]
        sides = (1 - gate) * (seen[..., 0] @ self.way) + gate * (seen[..., 1] @ self.way)
        held = torch.cat([sides, gate], dim=1)[:, None].expand(-1, stream.shape[1], -1).clone()
        answer = self.hook_resid_post(held)[:, :1, :ACTIONS]
        return answer.detach() if self.detached else answer
