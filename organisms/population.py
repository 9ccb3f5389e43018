"""Train and admit a population over local processes until every group has its organisms."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, replace
from pathlib import Path

from organisms.admit import admit
from organisms.spec import OrganismSpec
from organisms.train import Diverged, train
from organisms.truth import Sealed
from organisms.zoo import Record, Zoo


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


class TooFewOrganisms(RuntimeError):
    """A group ran out of attempts; every attempt is kept in the zoo."""


def attempt(zoo_root: Path, spec: OrganismSpec, device: str) -> None:
    """Train one network, certify it against its twin and store it; runs in a worker process.

    The twin itself is measured against its own network, so its difference is zero.
    """
    zoo = Zoo(zoo_root)
    truth = Sealed.seal(spec.build_recipe().truth)
    try:
        trained = train(spec, device=device)
    except Diverged as error:
        zoo.save(Record(spec, truth, None, str(error), 0.0, 0.0), None)
        return
    started = time.process_time()
    reference = trained.net if spec == spec.twin else zoo.net(spec.twin).to(device)
    certificate = admit(
        trained.net,
        trained.recipe,
        seen=trained.seen,
        twin=reference,
        bars=spec.admission,
        device=device,
    )
    seconds = time.process_time() - started
    record = Record(spec, truth, certificate, "", trained.train_seconds, seconds)
    zoo.save(record, trained.net)


def grow(
    zoo: Zoo,
    groups: Sequence[Wanted],
    *,
    executor: Executor,
    device: str = "cpu",
    on_attempt: Callable[[Record], None] | None = None,
) -> list[Grown]:
    """Build what is missing; finished attempts are read from the zoo, never trained again.

    Args:
        zoo: where attempts are kept.
        groups: what is wanted; the twins of their specifications are built first.
        executor: runs `attempt`; one task per network.
        device: where networks are trained.
        on_attempt: told of every finished or found attempt.

    Raises:
        TooFewOrganisms: a group's attempts ran out.
    """
    zoo.clear_unfinished()
    for twin in {group.spec.twin for group in groups}:
        if zoo.load(twin) is None:
            executor.submit(attempt, zoo.root, twin, device).result()
        reference = zoo.load(twin)
        if reference is None or not reference.admitted:
            verdict = "missing" if reference is None else reference.verdict
            raise TooFewOrganisms(
                f"the twin, seed {twin.seed}, was not admitted ({verdict}); change twin_seed"
            )
    known: dict[OrganismSpec, Record] = {}
    running: dict[Future[None], OrganismSpec] = {}

    def note(spec: OrganismSpec) -> bool:
        record = zoo.load(spec)
        if record is not None and spec not in known:
            known[spec] = record
            if on_attempt is not None:
                on_attempt(record)
        return record is not None

    while True:
        for spec in _needed(groups, known, set(running.values())):
            if not note(spec):
                task = executor.submit(attempt, zoo.root, spec, device)
                running[task] = spec
        if running:
            for task in wait(running, return_when=FIRST_COMPLETED).done:
                task.result()
                note(running.pop(task))
        elif not _needed(groups, known, set()):
            return [_gather(group, known) for group in groups]


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
