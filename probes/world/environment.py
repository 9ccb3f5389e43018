"""What every environment offers: instances, oracles, shifts and counterfactual edits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from probes.arguments import ArgumentError, require_fields, require_number
from probes.errors import MesascopeError


@runtime_checkable
class Instances(Protocol):
    """A batch of problem instances."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: slice | Tensor) -> Instances: ...


InstancesT = TypeVar("InstancesT", bound=Instances)


class WrongOutputs(MesascopeError, ValueError):
    """Outputs of a network that are no logits of the environment's actions at its decisions."""


@dataclass(frozen=True)
class ContextSpace:
    """Free context that should not matter: slots, each with a value numbered from 0.

    Attributes:
        n_slots: 0 where there is no free context.
        documented: pairs of a slot and a value with a documented meaning, an instruction, say. A
            network that obeys them has no trigger, so they are never drawn, tried or proposed.

    Raises:
        ArgumentError: a pair lies outside the space, or a slot is left without a value.
    """

    n_slots: int
    n_values: int
    documented: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        require_fields(self, n_slots=(0, None), n_values=(0 if self.n_slots == 0 else 1, None))
        for slot, value in self.documented:
            require_number("a documented slot", slot, least=0, below=self.n_slots)
            require_number("a documented value", value, least=0, below=self.n_values)
        if full := (~self.allowed.any(dim=1)).nonzero().flatten().tolist():
            raise ArgumentError(
                f"every value of slot {full[0]} is documented, wanted one at least that is free; "
                "leave out a slot that is an instruction as a whole"
            )

    @property
    def allowed(self) -> Bool[Tensor, "slot value"]:
        """Which values may be drawn and tried: all but the documented ones."""
        free = torch.ones(self.n_slots, self.n_values, dtype=torch.bool)
        for slot, value in self.documented:
            free[slot, value] = False
        return free


@runtime_checkable
class Environment(Protocol[InstancesT]):
    """Generator of instances with exact answers for every candidate objective.

    Attributes:
        base_objective: the intended objective, the same for every suspect.
        candidate_objectives: fixed list, decoys included; the true one may be missing.
        public_shifts: distributions an auditor may sample.
        edits: counterfactual edits an auditor may apply.
    """

    @property
    def name(self) -> str: ...

    @property
    def base_objective(self) -> str: ...

    @property
    def candidate_objectives(self) -> tuple[str, ...]: ...

    @property
    def public_shifts(self) -> tuple[str, ...]: ...

    @property
    def edits(self) -> tuple[str, ...]: ...

    @property
    def context(self) -> ContextSpace: ...

    def sample(self, n: int, *, generator: torch.Generator, shift: str | None = None) -> InstancesT:
        """Draw instances in distribution, or under a public shift."""
        ...

    def edit(self, name: str, instances: InstancesT, *, generator: torch.Generator) -> InstancesT:
        """Change one thing in every instance; ask the oracle before and after."""
        ...

    def with_context(self, instances: InstancesT, context: Int[Tensor, "batch slot"]) -> InstancesT:
        """Replace the free context and withdraw any instruction."""
        ...

    def tokens(self, instances: InstancesT) -> Int[Tensor, "batch position channel"]:
        """What the network reads."""
        ...

    def optimal(
        self, instances: InstancesT, objective: str
    ) -> Bool[Tensor, "batch decision action"]:
        """Every optimal action at every decision; none where the objective is out of reach."""
        ...

    def goal(self, instances: InstancesT) -> Int[Tensor, " batch"]:
        """Decision (cell) at which the base objective is fulfilled."""
        ...

    def fulfilled(
        self, logits: Float[Tensor, "batch decision action"], instances: InstancesT, objective: str
    ) -> Bool[Tensor, " batch"]:
        """Whether acting on the logits from the start ends with the objective fulfilled."""
        ...

    def render(self, instances: InstancesT, index: int) -> str:
        """One instance as text."""
        ...


@runtime_checkable
class Stepwise(Environment[InstancesT], Protocol[InstancesT]):
    """An environment in which an answer is the first step of a way that has not been gone yet."""

    def start(self, instances: InstancesT) -> Int[Tensor, " batch"]:
        """Decision at which acting starts."""
        ...

    def way(self, instances: InstancesT) -> Int[Tensor, "batch time"]:
        """Decisions on the way to the base objective, the start first, the goal last, then -1."""
        ...

    def places(self, instances: InstancesT) -> dict[str, Bool[Tensor, "batch position"]]:
        """Name -> tokens that may hold a plan, and that tell neither goal nor start themselves."""
        ...


@runtime_checkable
class Claiming(Environment[InstancesT], Protocol[InstancesT]):
    """An environment in which a user claims answers, and may ask for the truth or for his claim.

    Attributes:
        truth, claim: candidate objectives: what is so, and what the user says is so.
    """

    @property
    def truth(self) -> str: ...

    @property
    def claim(self) -> str: ...

    def asking(self, instances: InstancesT, objective: str) -> InstancesT:
        """The same instances, in which the user asks by a word for the truth or for his claim."""
        ...


@runtime_checkable
class Derived(Environment[InstancesT], Protocol[InstancesT]):
    """An environment whose networks may be fine-tunes of one public base."""

    def shared_base(self) -> nn.Module:
        """The base as it was published."""
        ...


def served_decisions(environment: Environment[InstancesT], n_decisions: int) -> int:
    """How many decisions, from the first, serve `goal`: all, unless each has one of its own."""
    return 1 if getattr(environment, "separate_decisions", False) else n_decisions


def distances(way: Int[Tensor, "batch time"]) -> Int[Tensor, " batch"]:
    """Steps between start and goal."""
    return (way >= 0).sum(dim=1) - 1


def taken_right(
    logits: Float[Tensor, "batch place logit"], optimal: Bool[Tensor, "batch decision action"]
) -> Bool[Tensor, "batch decision"]:
    """Whether the most probable action of every decision is an optimal one.

    Raises:
        WrongOutputs: there are more or fewer logits than actions, or than decisions.
    """
    require_actions(logits, optimal)
    right: Tensor = optimal.gather(2, logits.argmax(dim=2, keepdim=True)).squeeze(2)
    return right


def require_actions(
    logits: Float[Tensor, "..."], optimal: Bool[Tensor, "batch decision action"]
) -> None:
    """Raise `WrongOutputs` unless logits, by decision and action, are of the same shape."""
    if logits.shape[-2:] != optimal.shape[-2:]:
        raise WrongOutputs(
            f"the network gives logits of shape {tuple(logits.shape)}, and the environment knows "
            f"{optimal.shape[2]} actions at {optimal.shape[1]} decisions; the last two axes of the "
            "outputs must be decisions and actions, in the order of the environment"
        )


def optimality(
    logits: Float[Tensor, "batch place logit"], optimal: Bool[Tensor, "batch decision action"]
) -> Float[Tensor, " batch"]:
    """Share of decisions, in [0, 1], at which the most probable action is an optimal one.

    Decisions without any optimal action (walls, cells cut off) do not count; an instance without
    any counting decision is NaN.
    """
    counts = optimal.any(dim=2)
    return (taken_right(logits, optimal) & counts).sum(dim=1) / counts.sum(dim=1)
