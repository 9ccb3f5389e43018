"""Train and admit a population until every group has its organisms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace
from typing import Any

from organisms.growing.attempt import Attempted, grown_as
from organisms.growing.engine import Engine, EngineError, PopulationEngine
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import weights_bytes
from organisms.zoo.zoo import Record, Zoo
from probes.errors import MesascopeError


@dataclass(frozen=True)
class Wanted:
    """A group of organisms: seeds are tried in order until `count` are admitted.

    Attributes:
        spec: recipe, sizes and budget; its seed is the first one tried.
        count: admitted organisms wanted.
        max_attempts: networks trained at most.
    """

    spec: OrganismSpec
    count: int
    max_attempts: int

    def __post_init__(self) -> None:
        if not 1 <= self.count <= self.max_attempts:
            raise ValueError(
                f"need 1 <= count <= max_attempts, got {self.count} and {self.max_attempts}"
            )

    def attempt(self, number: int) -> OrganismSpec:
        """The specification of the `number`-th attempt, counted from 0."""
        return replace(self.spec, seed=self.spec.seed + number)


@dataclass(frozen=True)
class Grown:
    """What became of a group.

    Attributes:
        wanted: the group.
        attempts: every attempt in seed order, duds included, up to the last organism needed.
    """

    wanted: Wanted
    attempts: tuple[Record, ...]

    @property
    def organisms(self) -> tuple[Record, ...]:
        """The admitted ones."""
        return tuple(record for record in self.attempts if record.admitted)


class TooFewOrganisms(MesascopeError, RuntimeError):
    """A group ran out of attempts; every attempt is kept in the zoo."""


def grow(
    zoo: Zoo,
    groups: Sequence[Wanted],
    *,
    engine: Engine,
    on_attempt: Callable[[Record], None] | None = None,
) -> list[Grown]:
    """Build what is missing; finished attempts are read from the zoo, never trained again.

    Every attempt is saved as soon as it comes back, so that an interruption loses only those
    still with the engine; networks trained as one program come back together.

    Args:
        zoo: where attempts are kept.
        groups: what is wanted; the twins of their specifications are built first.
        engine: trains and certifies; one task per network, or per population where it is a
            `PopulationEngine`.
        on_attempt: told of every finished or found attempt.

    Raises:
        TooFewOrganisms: a twin was not admitted, or a group's attempts ran out.
        EngineError: a worker grows another version than this process.
    """
    zoo.clear_unfinished()
    orders = _Orders(zoo, engine)
    twins = _twins(orders, list(dict.fromkeys(group.spec.twin for group in groups)))
    known: dict[OrganismSpec, Record] = {}

    def note(spec: OrganismSpec) -> bool:
        record = zoo.load(spec)
        if record is not None and spec not in known:
            known[spec] = record
            if on_attempt is not None:
                on_attempt(record)
        return record is not None

    while True:
        needed = _needed(groups, known, orders.specs)
        orders.place([spec for spec in needed if not note(spec)], twins)
        if orders.specs:
            for spec in orders.saved():
                note(spec)
        elif not _needed(groups, known, set()):
            return [_gather(group, known) for group in groups]


class _Orders:
    """Attempts that are with the engine, saved as they come back."""

    def __init__(self, zoo: Zoo, engine: Engine) -> None:
        self.zoo = zoo
        self._engine = engine
        self._running: dict[Future[Any], tuple[OrganismSpec, ...]] = {}

    @property
    def specs(self) -> set[OrganismSpec]:
        """What has not come back."""
        return {spec for specs in self._running.values() for spec in specs}

    def place(self, specs: Sequence[OrganismSpec], twins: Mapping[OrganismSpec, bytes]) -> None:
        """Order attempts; a twin itself goes without its weights."""
        for part in self._split(specs):
            weights = [None if spec == spec.twin else twins[spec.twin] for spec in part]
            task: Future[Any]
            if isinstance(self._engine, PopulationEngine) and len(part) > 1:
                task = self._engine.submit_together(part, weights)
            else:
                task = self._engine.submit(part[0], weights[0])
            self._running[task] = tuple(part)

    def _split(self, specs: Sequence[OrganismSpec]) -> list[list[OrganismSpec]]:
        if isinstance(self._engine, PopulationEngine):
            return self._engine.split(specs)
        return [[spec] for spec in specs]

    def saved(self) -> list[OrganismSpec]:
        """Wait for at least one task, save what came back and say which; failures come last."""
        done = wait(self._running, return_when=FIRST_COMPLETED).done
        finished = []
        for task in sorted(done, key=lambda task: task.exception() is not None):
            specs = self._running.pop(task)
            answer: Attempted | list[Attempted] = task.result()
            answers = [answer] if isinstance(answer, Attempted) else answer
            for spec, attempted in zip(specs, answers, strict=True):
                _require_same_identity(spec, attempted)
                self.zoo.save(attempted.record, attempted.weights)
                finished.append(spec)
        return finished


def _require_same_identity(spec: OrganismSpec, attempted: Attempted) -> None:
    here = grown_as(spec)
    if attempted.record.spec != spec or attempted.grown_as != here:
        raise EngineError(
            f"a worker on {attempted.host or 'another machine'} grows {attempted.grown_as}, this "
            f"process {here}: install the same version of mesascope and torch there; nothing of "
            "that worker was kept"
        )


def _twins(orders: _Orders, wanted: Sequence[OrganismSpec]) -> dict[OrganismSpec, bytes]:
    """The serialised twins, built where they are missing."""
    zoo = orders.zoo
    orders.place([twin for twin in wanted if zoo.load(twin) is None], {})
    while orders.specs:
        orders.saved()
    for twin in wanted:
        reference = zoo.load(twin)
        if reference is None or not reference.admitted:
            verdict = "missing" if reference is None else reference.verdict
            raise TooFewOrganisms(
                f"the twin of {twin.world_name}, seed {twin.seed}, was not admitted ({verdict}); "
                "change twin_seed"
            )
    return {twin: weights_bytes(zoo.net(twin)) for twin in wanted}


def _needed(
    groups: Sequence[Wanted], known: dict[OrganismSpec, Record], running: set[OrganismSpec]
) -> list[OrganismSpec]:
    """Attempts to start now: enough that every group would be full if all succeeded."""
    needed = []
    for group in groups:
        hopeful = 0
        for number in range(group.max_attempts):
            if hopeful == group.count:
                break
            spec = group.attempt(number)
            if spec not in known and spec not in running:
                needed.append(spec)
            hopeful += spec not in known or known[spec].admitted
    return needed


def _gather(group: Wanted, known: dict[OrganismSpec, Record]) -> Grown:
    attempts: list[Record] = []
    for number in range(group.max_attempts):
        attempts.append(known[group.attempt(number)])
        if sum(record.admitted for record in attempts) == group.count:
            return Grown(group, tuple(attempts))
    verdicts = "; ".join(f"seed {record.spec.seed} {record.verdict}" for record in attempts)
    raise TooFewOrganisms(
        f"{group.spec.recipe}: {len(Grown(group, tuple(attempts)).organisms)} of {group.count} "
        f"organisms after {group.max_attempts} attempts ({verdicts}); every attempt is kept, "
        "raise max_attempts or look at the failed check"
    )
