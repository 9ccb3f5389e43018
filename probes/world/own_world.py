"""A world that an auditor writes: instances as named tensors, and functions of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from probes.errors import MesascopeError
from probes.world.environment import ContextSpace, optimality

CONTEXT = "context"


class WorldError(MesascopeError, ValueError):
    """A world that contradicts itself; the message says what came and what was wanted."""


class Cases:
    """Instances side by side: named tensors, each with one row per instance.

    Examples:
        >>> cases = Cases(image=torch.zeros(3, 4, 4), goal=torch.tensor([0, 1, 2]))
        >>> len(cases), cases[1:].goal.tolist()
        (3, [1, 2])
        >>> cases.replaced(goal=torch.zeros(3)).goal.tolist()
        [0.0, 0.0, 0.0]
    """

    def __init__(self, **fields: Tensor) -> None:
        """Put tensors side by side.

        Raises:
            WorldError: there is none, one is no tensor, or their lengths differ.
        """
        odd = [name for name, value in fields.items() if not isinstance(value, Tensor)]
        if odd or not fields:
            raise WorldError(f"cases are tensors by name, got {odd or 'nothing'}")
        lengths = {name: len(value) for name, value in fields.items()}
        if len(set(lengths.values())) > 1:
            raise WorldError(f"tensors of cases need the same length, got {lengths}")
        self.fields = fields

    def __len__(self) -> int:
        return len(next(iter(self.fields.values())))

    def __getitem__(self, index: slice | Tensor) -> Cases:
        return Cases(**{name: value[index] for name, value in self.fields.items()})

    def __getattr__(self, name: str) -> Tensor:
        fields: dict[str, Tensor] = self.__dict__.get("fields", {})
        if name not in fields:
            raise AttributeError(f"cases have {sorted(fields)}, not {name!r}")
        return fields[name]

    def replaced(self, **fields: Tensor) -> Cases:
        """The same cases with some tensors replaced, or added."""
        return Cases(**{**self.fields, **fields})


Objective = Callable[[Cases], Bool[Tensor, "batch decision action"]]
"""Cases -> which actions are optimal at every decision; none where there is nothing to pursue."""

CaseEdit = Callable[[Cases, torch.Generator], Cases]
"""Changes one thing in every case."""


class OwnWorld:
    """Subclass, state what the network meets, and write `draw` and `inputs`.

    What is not stated is not there, and detectors that need it abstain with a reason. Two objects
    of one class are the same world; give a class parameters only through subclasses.

    Attributes:
        name: what the card calls it.
        base_objective: the intended objective, one of `objectives`.
        objectives: name -> objective; those beside the base one are candidates for what the
            network may pursue instead.
        shifts: names of shifts that `draw` knows.
        changes: name -> edit.
        slots, values: free context in `cases.context`, which should not matter; 0 if there is none.
        documented: (slot, value) pairs whose meaning is documented: no search looks there.
        action_names: names of actions, for the card.
        columns: decisions per row where they form a grid, for the card; 0 where they do not.
    """

    name: ClassVar[str] = "own"
    base_objective: ClassVar[str] = ""
    objectives: ClassVar[Mapping[str, Objective]] = {}
    shifts: ClassVar[tuple[str, ...]] = ()
    changes: ClassVar[Mapping[str, CaseEdit]] = {}
    slots: ClassVar[int] = 0
    values: ClassVar[int] = 0
    documented: ClassVar[tuple[tuple[int, int], ...]] = ()
    action_names: ClassVar[tuple[str, ...]] = ()
    columns: ClassVar[int] = 0

    def draw(self, n: int, generator: torch.Generator, shift: str | None) -> Cases:
        """Draw `n` cases as in training, or under a shift."""
        raise NotImplementedError(f"{type(self).__name__} has no draw(n, generator, shift)")

    def inputs(self, cases: Cases) -> Tensor:
        """What the network reads: one row per case."""
        raise NotImplementedError(f"{type(self).__name__} has no inputs(cases)")

    def text(self, case: Cases) -> str:
        """One case, given as a batch of one, as text for the card."""
        return "\n".join(f"{name} {value[0].tolist()}" for name, value in case.fields.items())

    # What follows makes an Environment of the above.

    @property
    def candidate_objectives(self) -> tuple[str, ...]:
        """Names of objectives, the base one among them."""
        return tuple(self.objectives)

    @property
    def public_shifts(self) -> tuple[str, ...]:
        """Names of shifts."""
        return self.shifts

    @property
    def edits(self) -> tuple[str, ...]:
        """Names of edits; where there is context, redrawing it is one."""
        return (*self.changes, *(("change_context",) if self.slots else ()))

    @property
    def context(self) -> ContextSpace:
        """The free slots."""
        return ContextSpace(self.slots, self.values, self.documented)

    def sample(self, n: int, *, generator: torch.Generator, shift: str | None = None) -> Cases:
        """Draw cases, checked.

        Raises:
            WorldError: `draw` gives other than `n` cases, some not on the cpu, or no context where
                there are slots.
        """
        if shift is not None and shift not in self.shifts:
            raise WorldError(f"{self.name} has no shift {shift!r}; choose one of {self.shifts}")
        cases = self.draw(n, generator, shift)
        if not isinstance(cases, Cases) or len(cases) != n:
            came = f"{len(cases)} cases" if isinstance(cases, Cases) else f"{type(cases).__name__}"
            raise WorldError(f"draw of {self.name} gave {came}, wanted Cases of {n}")
        if away := [name for name, value in cases.fields.items() if not value.is_cpu]:
            raise WorldError(
                f"draw of {self.name} puts {away} on another device; keep cases on the cpu, since "
                "the audit itself moves what `inputs` gives to the network"
            )
        if self.slots:
            self._require_context(cases)
        return cases

    def _require_context(self, cases: Cases) -> None:
        wanted = (len(cases), self.slots)
        held = cases.fields.get(CONTEXT)
        if held is None or held.shape != wanted or held.is_floating_point():
            came = "none" if held is None else f"{held.dtype} of shape {tuple(held.shape)}"
            raise WorldError(
                f"{self.name} states {self.slots} context slots; cases need whole numbers "
                f"`context` of shape {wanted}, got {came}"
            )
        if bool(((held < 0) | (held >= self.values)).any()):
            raise WorldError(f"context values of {self.name} lie in [0, {self.values})")

    def edit(self, name: str, instances: Cases, *, generator: torch.Generator) -> Cases:
        """Change one thing in every case."""
        if name in self.changes:
            return self.changes[name](instances, generator)
        if name != "change_context" or not self.slots:
            raise WorldError(f"{self.name} has no edit {name!r}; choose one of {self.edits}")
        shape = (len(instances), self.slots)
        return instances.replaced(context=torch.randint(self.values, shape, generator=generator))

    def with_context(self, instances: Cases, context: Int[Tensor, "batch slot"]) -> Cases:
        """The same cases in another context."""
        return instances.replaced(context=context) if self.slots else instances

    def tokens(self, instances: Cases) -> Tensor:
        """What the network reads."""
        return self.inputs(instances)

    def optimal(self, instances: Cases, objective: str) -> Bool[Tensor, "batch decision action"]:
        """Optimal actions at every decision.

        Raises:
            WorldError: there is no such objective, or it gives no truth values by batch, decision
                and action.
        """
        if objective not in self.objectives:
            raise WorldError(
                f"{self.name} has no objective {objective!r}; it has {sorted(self.objectives)}"
            )
        optimal = self.objectives[objective](instances)
        if optimal.dtype is not torch.bool or optimal.ndim != 3 or len(optimal) != len(instances):
            raise WorldError(
                f"objective {objective!r} gives {optimal.dtype} of shape {tuple(optimal.shape)}, "
                "wanted truth values of shape (cases, decisions, actions)"
            )
        return optimal

    def goal(self, instances: Cases) -> Int[Tensor, " batch"]:
        """The action that the base objective asks for at the first decision."""
        first: Tensor = self.optimal(instances, self.base_objective)[:, 0].int().argmax(dim=1)
        return first

    def fulfilled(
        self, logits: Float[Tensor, "batch decision action"], instances: Cases, objective: str
    ) -> Bool[Tensor, " batch"]:
        """Whether every decision that an objective asks something at is optimal for it."""
        shares = optimality(logits, self.optimal(instances, objective))
        return shares == 1

    def render(self, instances: Cases, index: int) -> str:
        """One case as text."""
        return self.text(instances[index : index + 1])

    def __eq__(self, other: Any) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))
