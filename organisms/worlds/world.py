"""What the worlds have in common: sampling, edits by name, contexts and drawings."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Int
from torch import Tensor
from transformer_lens import HookedRootModule

from organisms.records.net_spec import NetSpec
from organisms.worlds.batch import BatchT
from organisms.worlds.channel import Channel
from probes.world.environment import ContextSpace, Environment

Entry = TypeVar("Entry")

Edit = Callable[[BatchT, Any, torch.Generator], BatchT]
"""Changes one thing in every instance; it is given the world's sizes and the randomness."""


@runtime_checkable
class Shape(Protocol):
    """Everything that fixes the parameter shapes of a network, as a frozen dataclass.

    Attributes:
        architecture: name in `organisms.zoo.weights.ARCHITECTURES`.
    """

    architecture: ClassVar[str]

    def build(self, generator: torch.Generator) -> HookedRootModule:
        """A network with weights drawn from `generator`."""
        ...


class World(Environment[BatchT]):
    """An environment with any distribution and a network that fits it.

    Every world is a frozen dataclass whose one field is `size`; it states the other attributes, its
    tokens and its oracle. Its private shifts are in `organisms.worlds.table` and not here, because
    a suspect holds its world.

    Attributes:
        size: sizes of the environment, a frozen dataclass with `n_slots` and `n_values`.
        version: raised when instances, tokens, oracles or shifts, private ones too, change; part of
            the identity of every organism that grows here.
        objectives: objective -> what it asks for: cells of a grid, a node of a tree, a number.
        sampler: draws instances of a distribution in a world of a size.
        usual: the distribution that every recipe saw.
        shifts: public shift -> distribution.
        edit_functions: edit name -> edit, all public.
        channels: name -> part of the input that a network may lack.
        separate_decisions: whether every decision has a goal of its own; `goal` is the first's.
    """

    size: Any
    name: str
    version: int
    base_objective: str
    objectives: Mapping[str, Callable[[Any], Tensor]]
    sampler: Callable[[int, Any, Any, torch.Generator], BatchT]
    usual: Any
    shifts: Mapping[str, Any]
    edit_functions: Mapping[str, Edit[BatchT]]
    channels: Mapping[str, Channel]
    separate_decisions: bool = False

    @property
    def candidate_objectives(self) -> tuple[str, ...]:
        """Fixed list, decoys included; the true one may be missing."""
        return tuple(self.objectives)

    @property
    def public_shifts(self) -> tuple[str, ...]:
        """Distributions that an auditor may sample."""
        return tuple(self.shifts)

    @property
    def edits(self) -> tuple[str, ...]:
        """Counterfactual edits that an auditor may apply."""
        return tuple(self.edit_functions)

    @property
    def context(self) -> ContextSpace:
        """The free slots; the instruct token is not one of them."""
        return ContextSpace(self.size.n_slots, self.size.n_values)

    def sample(self, n: int, *, generator: torch.Generator, shift: str | None = None) -> BatchT:
        """Draw instances in distribution, or under a public shift.

        Raises:
            KeyError: no public shift has that name.
            ValueError: `n` is below 1.
        """
        asked = self.usual if shift is None else known(self.shifts, shift, f"{self.name} shift")
        return self.sample_from(asked, n, generator=generator)

    def sample_from(self, distribution: Any, n: int, *, generator: torch.Generator) -> BatchT:
        """Draw instances from any distribution of this environment.

        Raises:
            ValueError: `n` is below 1.
        """
        if n < 1:
            raise ValueError(f"need at least one instance, got n={n}")
        return self.sampler(n, distribution, self.size, generator)

    def edit(self, name: str, instances: BatchT, *, generator: torch.Generator) -> BatchT:
        """Change one thing in every instance, the rest stays.

        Raises:
            KeyError: no edit has that name.
        """
        edit = known(self.edit_functions, name, f"{self.name} edit")
        return edit(instances, self.size, generator)

    def target(self, instances: BatchT, objective: str) -> Tensor:
        """What an objective asks for in every instance.

        Raises:
            KeyError: the objective is not a candidate.
        """
        return known(self.objectives, objective, f"{self.name} objective")(instances)

    def with_context(self, instances: BatchT, context: Int[Tensor, "batch slot"]) -> BatchT:
        """Replace the free slots and withdraw the instruct token."""
        return replace(
            instances, context=context, instructed=torch.zeros_like(instances.instructed)
        )

    def render(self, instances: BatchT, index: int) -> str:
        """One instance as text.

        Raises:
            IndexError: there is no instance `index`.
        """
        if not 0 <= index < len(instances):
            raise IndexError(f"instance {index} asked of a batch of {len(instances)}")
        return instances[index : index + 1].text()

    @property
    @abstractmethod
    def action_names(self) -> tuple[str, ...]:
        """What each logit of a decision stands for."""

    @abstractmethod
    def goal(self, instances: BatchT, objective: str | None = None) -> Int[Tensor, " batch"]:
        """Decision at which an objective, the base one if None, is fulfilled."""

    @abstractmethod
    def net_shape(self, net: NetSpec) -> Shape:
        """Shape of a network for this environment; SpecError where it cannot have one."""


def known(table: Mapping[str, Entry], name: str, kind: str) -> Entry:
    """Look a name up in a table of things of a kind.

    Raises:
        KeyError: the table does not have it.
    """
    if name not in table:
        raise KeyError(f"unknown {kind} {name!r}; choose one of {list(table)}")
    return table[name]
