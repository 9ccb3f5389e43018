"""Train and admit a population until every group has its organisms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, replace

from organisms.growing.attempt import Attempted, grown_as
from organisms.growing.engine import Engine, EngineError
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import weights_bytes
from organisms.zoo.zoo import Record, Zoo
from probes.arguments import require_fields
from probes.errors import MesascopeError


@dataclass(frozen=True)
class Wanted:
    """A group of organisms: seeds from that of `spec` on are tried until `count` are admitted."""

    spec: OrganismSpec
    count: int
    max_attempts: int

    def __post_init__(self) -> None:
        require_fields(self)
        if not 1 <= self.count <= self.max_attempts:
            raise ValueError(
                f"need 1 <= count <= max_attempts, got {self.count} and {self.max_attempts}"
            )

    def attempt(self, number: int) -> OrganismSpec:
        """The specification of the `number`-th attempt, counted from 0."""
        return replace(self.spec, seed=self.spec.seed + number)


@dataclass(frozen=True)
class Grown:
    """A group and every attempt at it, duds included, up to the last organism needed."""

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
        groups: what is wanted; the twins of their specifications are built first.
        on_attempt: told of every finished or found attempt of a group.

    Raises:
        TooFewOrganisms: a twin was not admitted, or a group's attempts ran out.
        EngineError: a worker grows another version than this process.
    """
    zoo.clear_unfinished()
    twins = dict.fromkeys(group.spec.twin for group in groups)
    first = _Build(zoo, engine, {}, None).records([Wanted(twin, 1, 1) for twin in twins])
    for twin in twins:
        if not first[twin].admitted:
            raise TooFewOrganisms(
                f"the twin of {twin.world_name}, seed {twin.seed}, was not admitted "
                f"({first[twin].verdict}); change twin_seed"
            )
    weights = {twin: weights_bytes(zoo.net(twin)) for twin in twins}
    known = _Build(zoo, engine, weights, on_attempt).records(groups)
    return [_gather(group, known) for group in groups]


class _Build:
    """What is known of the attempts of some groups, and which of them are with the engine."""

    def __init__(
        self,
        zoo: Zoo,
        engine: Engine,
        twins: Mapping[OrganismSpec, bytes],
        on_attempt: Callable[[Record], None] | None,
    ) -> None:
        self._zoo, self._engine, self._twins, self._tell = zoo, engine, twins, on_attempt
        self._known: dict[OrganismSpec, Record] = {}
        self._running: dict[Future[list[Attempted]], list[OrganismSpec]] = {}

    def records(self, groups: Sequence[Wanted]) -> dict[OrganismSpec, Record]:
        """Every attempt that the groups need, found or grown."""
        while (needed := self._needed(groups)) or self._running:
            self._order([spec for spec in needed if not self._find(spec)])
            if self._running:
                self._save_finished()
        return self._known

    def _needed(self, groups: Sequence[Wanted]) -> list[OrganismSpec]:
        """Attempts to start now: enough that every group would be full if all succeeded."""
        running = {spec for specs in self._running.values() for spec in specs}
        needed = []
        for group in groups:
            hopeful = 0
            for number in range(group.max_attempts):
                if hopeful == group.count:
                    break
                spec = group.attempt(number)
                if spec not in self._known and spec not in running:
                    needed.append(spec)
                hopeful += spec not in self._known or self._known[spec].admitted
        return needed

    def _find(self, spec: OrganismSpec) -> bool:
        """Read an attempt from the zoo, if it is there."""
        record = self._zoo.load(spec)
        if record is not None and spec not in self._known:
            self._known[spec] = record
            if self._tell is not None:
                self._tell(record)
        return record is not None

    def _order(self, specs: Sequence[OrganismSpec]) -> None:
        for part in self._engine.split(specs):
            twins = [None if spec == spec.twin else self._twins[spec.twin] for spec in part]
            self._running[self._engine.submit(part, twins)] = part

    def _save_finished(self) -> None:
        """Wait for at least one task and save what came back; failures come last."""
        done = wait(self._running, return_when=FIRST_COMPLETED).done
        for task in sorted(done, key=lambda task: task.exception() is not None):
            specs = self._running.pop(task)
            for spec, attempted in zip(specs, task.result(), strict=True):
                _require_same_identity(spec, attempted)
                self._zoo.save(attempted.record, attempted.weights)
                self._find(spec)


def _require_same_identity(spec: OrganismSpec, attempted: Attempted) -> None:
    here = grown_as(spec)
    if attempted.record.spec != spec or attempted.grown_as != here:
        raise EngineError(
            f"a worker on {attempted.host or 'another machine'} grows {attempted.grown_as}, this "
            f"process {here}: install the same version of mesascope and torch there; nothing of "
            "that worker was kept"
        )


def _gather(group: Wanted, known: dict[OrganismSpec, Record]) -> Grown:
    grown = Grown(group, ())
    for number in range(group.max_attempts):
        grown = Grown(group, (*grown.attempts, known[group.attempt(number)]))
        if len(grown.organisms) == group.count:
            return grown
    verdicts = "; ".join(f"seed {record.spec.seed} {record.verdict}" for record in grown.attempts)
    raise TooFewOrganisms(
        f"{group.spec.recipe}: {len(grown.organisms)} of {group.count} organisms after "
        f"{group.max_attempts} attempts ({verdicts}); every attempt is kept, raise max_attempts or "
        "look at the failed check"
    )
