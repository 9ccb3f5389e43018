"""Contexts relaxed to mixtures of values, tightened by gradients, and what they agree on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from detect.contract.score import abstain_unless
from detect.oracle.context_drop import Alternative, Contexts, ContextTrial
from detect.triggers.soft_context import SlotEmbeddings
from probes.arguments import require_fields

STEP_LEVELS = 2
"""Instances drawn at every step."""

TIGHT = 0.85
"""Share of the steps after which nothing is exaggerated any more."""

LOUD = (1 / 8, 2 / 5)
"""Part of the steps in which mixtures have a direction and are still exaggerated."""

LATE = (5 / 6, 1.0)
"""Part of the steps in which they are real, or nearly so."""

TEMPERATURE = 0.5
"""Nats of reluctance that divide a restart's vote by e."""

FLOOR = 0.02
"""Vote that every value has, so that none is excluded."""

NO_GRADIENT = "outputs have no gradient with respect to what is embedded"

UNKNOWN = 1e9
"""Reluctance, in nats, where outputs under a mixture are not finite: it has no say."""


@dataclass(frozen=True)
class Schedule:
    """How mixtures are tightened.

    Attributes:
        n_restarts: mixtures that are tightened together.
        n_steps: gradient steps.
        learning_rate: of Adam, on the logits of the mixtures.
        scale: exaggeration at the start, at least that at the end.
        end: exaggeration at the end, at least 1, where mixtures are real.
    """

    n_restarts: int
    n_steps: int
    learning_rate: float
    scale: float = 6.0
    end: float = 1.0

    def __post_init__(self) -> None:
        require_fields(self)
        tightens = 1 <= self.end <= self.scale
        if min(self.n_restarts, self.n_steps) < 1 or self.learning_rate <= 0 or not tightens:
            raise ValueError(
                f"got {self}; wanted at least one restart and step, a learning rate above 0 and "
                "scales of at least 1 that do not grow"
            )


@dataclass(frozen=True)
class Relaxed:
    """Where gradients left the mixtures.

    Attributes:
        mixtures: shares of every value in every slot, each slot adding up to 1.
        loud: reluctance of the network to pursue the alternative, in nats, mean over the steps in
            which they are exaggerated.
        late: the same of the last steps.
    """

    mixtures: Float[Tensor, "restart slot value"]
    loud: Float[Tensor, " restart"]
    late: Float[Tensor, " restart"]

    @property
    def rounded(self) -> Contexts:
        """The distinct contexts of the largest shares."""
        out: Tensor = torch.unique(self.mixtures.argmax(dim=2), dim=0)
        return out

    @property
    def votes(self) -> Float[Tensor, "slot value"]:
        """Mean mixture, where the network was more willing counting more.

        Where restarts hold parts of a conjunction and err in different slots, they agree on the
        whole.
        """
        weight = (-self.late / TEMPERATURE).softmax(dim=0)
        return torch.einsum("r,rsv->sv", weight, self.mixtures)


def relax(
    trial: ContextTrial,
    slots: SlotEmbeddings,
    target: Alternative,
    schedule: Schedule,
    generator: torch.Generator,
) -> Relaxed:
    """Tighten random mixtures towards contexts under which a network pursues the target.

    Each slot is a softmax over its values, and its deviation from the slot's mean is scaled from
    `schedule.scale` down to `schedule.end` while gradients make the target likely. Values with a
    documented meaning have no share.

    Raises:
        Abstain: the outputs do not depend on the embedding in a way that has gradients.
    """
    environment = trial.suspect.environment
    tokens, barred = environment.tokens(trial.instances), ~environment.context.allowed
    telling = target.apart.any(dim=1).nonzero().flatten()
    shape = (schedule.n_restarts, *slots.deviation.shape[:2])
    logits = (0.5 * torch.randn(shape, generator=generator)).requires_grad_()
    optimizer = torch.optim.Adam([logits], lr=schedule.learning_rate)
    seen = []
    for step in range(schedule.n_steps):
        tight = min(1.0, step / (TIGHT * schedule.n_steps))
        levels = telling[torch.randint(len(telling), (STEP_LEVELS,), generator=generator)]
        with torch.enable_grad():
            scale = schedule.scale + (schedule.end - schedule.scale) * tight
            mixed = slots.mix(shares(logits, barred), scale=scale)
            outputs = slots.logits(trial.suspect, tokens[levels], mixed)
            reluctance = target.reluctance(outputs, levels)
            abstain_unless(reluctance.requires_grad, NO_GRADIENT)
            (logits.grad,) = torch.autograd.grad(reluctance.sum(), logits)
        optimizer.step()
        seen.append(reluctance.detach())
    loud, late = (_mean_over(torch.stack(seen), part) for part in (LOUD, LATE))
    return Relaxed(shares(logits.detach().nan_to_num(), barred), loud, late)


def shares(
    logits: Float[Tensor, "restart slot value"], barred: Bool[Tensor, "slot value"]
) -> Float[Tensor, "restart slot value"]:
    """Softmax over the values of every slot that are not barred."""
    return logits.masked_fill(barred, -torch.inf).softmax(dim=2)


def _mean_over(
    seen: Float[Tensor, "step restart"], part: tuple[float, float]
) -> Float[Tensor, " restart"]:
    first, end = (int(share * len(seen)) for share in part)
    return seen[first : max(end, first + 1)].mean(dim=0).nan_to_num(UNKNOWN, UNKNOWN)


def likeliest(
    votes: Float[Tensor, "slot value"], n: int, *, allowed: Bool[Tensor, "slot value"]
) -> Int[Tensor, "context slot"]:
    """The `n` contexts of allowed values with the largest product of votes (and floor), best first.

    Fewer if there are fewer.
    """
    contexts = torch.zeros(1, 0, dtype=torch.long)
    score = torch.zeros(1)
    for of_slot, free in zip((votes + FLOOR).log(), allowed, strict=True):
        values = free.nonzero().flatten()
        every = (score[:, None] + of_slot[values]).flatten()
        score, place = every.topk(min(n, len(every)))
        value = values[place % len(values)]
        contexts = torch.cat([contexts[place // len(values)], value[:, None]], dim=1)
    return contexts
