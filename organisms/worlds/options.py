"""One of our worlds as another network knows it: other levels, actions, channels and tokens."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from organisms.records.strict import SpecError
from organisms.worlds.grid import STAY
from organisms.worlds.grid_world import GridWorld
from organisms.worlds.settled import (
    held_fields,
    settled_actions,
    settled_candidates,
    settled_channels,
    settled_context,
    settled_fields,
    settled_objective,
    settled_shifts,
    settled_usual,
)
from organisms.worlds.world import World, known
from probes.world.environment import ContextSpace, Environment, Stepwise
from probes.world.in_context import Design, InContext


@dataclass(frozen=True)
class WithOptions(Environment[Any]):
    """A world with options; without any it gives what the world gives, to the bit.

    It is `Stepwise` or `InContext` where its world is. Environments are equal where their options
    mean the same; `encode` is compared by identity, so give a function of a module, not a lambda
    that every call makes anew.

    Examples:
        >>> from organisms.worlds.maze.maze import Maze
        >>> world = WithOptions(
        ...     Maze(),
        ...     usual={"wall_density": 0.2},
        ...     actions=("left", "right", "up", "down"),
        ...     absent={"colour", "instruction"},
        ... )
        >>> world.base_objective, world.public_shifts
        ('coin', ('coin_anywhere', 'dense_walls', 'open_field'))
        >>> instances = world.sample(2, generator=torch.Generator().manual_seed(0))
        >>> world.optimal(instances, "coin").shape
        torch.Size([2, 25, 4])

    Attributes:
        world: whose instances, edits and oracles these are.
        usual: the distribution that the network was trained on, or those of its fields that differ
            from the world's.
        everywhere: fields that have one value in the usual distribution and under every shift. A
            shift that then comes to another one is gone.
        base_objective: the intended one; the world's if empty.
        candidates: objectives to keep beside the base one; all if None.
        actions: what each logit of the network stands for, in its order, of `world.action_names`;
            all of them if None. Decisions at which only missing actions are right are not asked.
            A walker that cannot stay rests where it stays within reach (`GridWorld.lingers`).
        absent: names of `world.channels` that the network does not read. Shifts, edits and
            objectives about them are gone, and instances hold them constant.
        documented: (slot, value) pairs of the context with a documented meaning. Instances show
            them only where `with_context` was given them.
        encode: batch of the world -> what the network reads; the world's tokens if None.
    """

    world: World[Any]
    usual: Any = None
    everywhere: Mapping[str, Any] | tuple[tuple[str, Any], ...] = ()
    base_objective: str = ""
    candidates: Sequence[str] | None = None
    actions: Sequence[str] | None = None
    absent: Collection[str] = ()
    documented: Collection[tuple[int, int]] = ()
    encode: Callable[[Any], Tensor] | None = None

    def __new__(cls, world: World[Any] | None = None, *_: object, **__: object) -> WithOptions:
        """Choose the class that has the methods of the world; copies already have theirs."""
        kinds = {Stepwise: _StepwiseOptions, InContext: _InContextOptions}
        fitting = (kind for protocol, kind in kinds.items() if isinstance(world, protocol))
        return object.__new__(next(fitting, cls))

    def __post_init__(self) -> None:
        """Bring every option into its one form.

        Raises:
            SpecError: an option does not fit the world; the message says what does.
        """
        world, absent = self.world, settled_channels(self.world, self.absent)
        held = held_fields(world, absent)
        everywhere = settled_fields(world, "everywhere", self.everywhere, held)
        base = settled_objective(world, self.base_objective or world.base_objective, absent)
        settled = {
            "absent": absent,
            "everywhere": tuple(sorted(everywhere.items())),
            "usual": settled_usual(world, self.usual, held | everywhere, held),
            "base_objective": base,
            "candidates": settled_candidates(world, self.candidates, base, absent),
            "actions": settled_actions(world, self.actions),
            "documented": settled_context(world, self.documented, absent).documented,
        }
        for name, value in settled.items():
            object.__setattr__(self, name, value)
        for name, distribution in {"usual": self.usual, **self.shifts}.items():
            if distribution not in (world.usual, world.shifts.get(name)):
                self._require_drawable(name, distribution)

    def _require_drawable(self, name: str, distribution: Any) -> None:
        try:
            self.world.sample_from(distribution, 1, generator=torch.Generator().manual_seed(0))
        except ValueError as error:
            raise SpecError(f"{name} cannot be drawn: {error}") from error

    @property
    def name(self) -> str:
        """That of the world."""
        return self.world.name

    @property
    def action_names(self) -> tuple[str, ...]:
        """What each logit stands for."""
        return tuple(self.actions or ())

    @property
    def columns(self) -> int:
        """Decisions per row where they form a grid, 0 where they do not."""
        return int(getattr(self.world, "columns", 0))

    @property
    def candidate_objectives(self) -> tuple[str, ...]:
        """Those kept, in the order of the world."""
        return tuple(self.candidates or ())

    @cached_property
    def shifts(self) -> Mapping[str, Any]:
        """Public shift -> distribution."""
        fixed = held_fields(self.world, self.absent) | dict(self.everywhere)
        return settled_shifts(self.world, self.usual, fixed)

    @property
    def public_shifts(self) -> tuple[str, ...]:
        """Those that change something which the network reads."""
        return tuple(self.shifts)

    @property
    def edits(self) -> tuple[str, ...]:
        """Those that change something which the network reads."""
        gone = {edit for name in self.absent for edit in self.world.channels[name].edits}
        return tuple(edit for edit in self.world.edits if edit not in gone)

    @cached_property
    def context(self) -> ContextSpace:
        """The free slots; none where channel `context` is absent."""
        return settled_context(self.world, self.documented, self.absent)

    def sample(self, n: int, *, generator: torch.Generator, shift: str | None = None) -> Any:
        """Draw instances in distribution, or under a public shift.

        Raises:
            KeyError: no public shift has that name.
            ValueError: `n` is below 1.
        """
        asked = self.usual if shift is None else known(self.shifts, shift, f"{self.name} shift")
        return self._shown(self.world.sample_from(asked, n, generator=generator), generator)

    def edit(self, name: str, instances: Any, *, generator: torch.Generator) -> Any:
        """Change one thing in every instance, the rest stays.

        Raises:
            KeyError: no edit has that name.
        """
        known(dict.fromkeys(self.edits), name, f"{self.name} edit")
        return self._shown(self.world.edit(name, instances, generator=generator), generator)

    def _shown(self, instances: Any, generator: torch.Generator) -> Any:
        """Instances with absent channels held, and free values in place of documented ones."""
        zeroed = [field for name in self.absent for field in self.world.channels[name].zeroed]
        changed = {field: torch.zeros_like(getattr(instances, field)) for field in zeroed}
        if self.documented:
            context = instances.context
            allowed = self.context.allowed.to(context.device)
            drawn = torch.multinomial(
                allowed.float(), len(context), replacement=True, generator=generator
            ).T
            slots = torch.arange(context.shape[1], device=context.device)
            changed["context"] = torch.where(allowed[slots, context], context, drawn)
        return replace(instances, **changed)

    def with_context(self, instances: Any, context: Int[Tensor, "batch slot"]) -> Any:
        """Replace the free slots, if there are any, and withdraw the instruct token."""
        asked = context if self.context.n_slots else instances.context
        return self.world.with_context(instances, asked)

    def tokens(self, instances: Any) -> Tensor:
        """What the network reads."""
        return self.world.tokens(instances) if self.encode is None else self.encode(instances)

    @cached_property
    def _places(self) -> list[int]:
        """Place that each logit of the network has among the actions of the world."""
        return [self.world.action_names.index(name) for name in self.action_names]

    def _worldly(
        self, logits: Float[Tensor, "batch decision action"]
    ) -> Float[Tensor, "batch decision every_action"]:
        """Logits in the order of the world; a missing action is never taken."""
        shape = (*logits.shape[:2], len(self.world.action_names))
        ordered = logits.new_full(shape, -torch.inf)
        ordered[..., self._places] = logits
        return ordered

    def optimal(self, instances: Any, objective: str) -> Bool[Tensor, "batch decision action"]:
        """Every optimal action of the network; none where it has none."""
        return self.world.optimal(instances, objective)[..., self._places]

    def goal(self, instances: Any) -> Int[Tensor, " batch"]:
        """Decision at which the base objective is fulfilled."""
        return self.world.goal(instances, self.base_objective)

    def fulfilled(
        self, logits: Float[Tensor, "batch decision action"], instances: Any, objective: str
    ) -> Bool[Tensor, " batch"]:
        """Whether acting on the logits from the start ends with the objective fulfilled."""
        ordered = self._worldly(logits)
        if isinstance(self.world, GridWorld) and STAY not in self.action_names:
            return self.world.lingers(ordered, instances, objective)
        return self.world.fulfilled(ordered, instances, objective)

    def render(self, instances: Any, index: int) -> str:
        """One instance as text, absent channels too."""
        return self.world.render(instances, index)


class _StepwiseOptions(WithOptions):
    """Options of a `Stepwise` world."""

    world: Any

    def start(self, instances: Any) -> Int[Tensor, " batch"]:
        """Decision at which acting starts."""
        start: Tensor = self.world.start(instances)
        return start

    def way(self, instances: Any) -> Int[Tensor, "batch time"]:
        """Decisions on the way to the base objective."""
        way: Tensor = self.world.way(instances, self.base_objective)
        return way

    def places(self, instances: Any) -> dict[str, Bool[Tensor, "batch position"]]:
        """Positions of the world's own tokens that may hold a plan, whatever `encode` gives.

        Sites of a network with another order show their rows in this one.
        """
        places: dict[str, Tensor] = self.world.places(instances)
        return places


class _InContextOptions(WithOptions):
    """Options of an `InContext` world."""

    world: Any

    def answer(self, logits: Float[Tensor, "batch decision action"]) -> Float[Tensor, " batch"]:
        """The number behind the logits."""
        answer: Tensor = self.world.answer(self._worldly(logits))
        return answer

    def design(self, instances: Any) -> Design:
        """Inputs and query, without the labels."""
        design: Design = self.world.design(instances)
        return design

    def nudged(self, instances: Any, pair: int, amount: float) -> Any:
        """The label of one pair raised by an amount in every instance."""
        return self.world.nudged(instances, pair, amount)
