"""The organisms of a suite: grown, or found where an earlier start has grown them."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from evals.risk.analysis import RISK_SEED
from evals.running.engines import LOCAL, EngineChoice
from evals.suite.home import Home
from evals.suite.suite import Suite
from organisms.growing.population import Grown, Wanted, grow
from organisms.records.provenance import package_versions
from organisms.travel.reference import reference_attempts, sets_of
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.zoo import Record, Zoo


def grow_suite(
    suite: Suite,
    zoo: Zoo,
    workers: int,
    device: str,
    on_attempt: Callable[[Record], None],
    engine: EngineChoice,
) -> tuple[Grown, ...]:
    """Train and admit what is missing of a suite; the caller holds the home's lock.

    Raises:
        EngineError: the engine cannot be had.
        TooFewOrganisms: a group ran out of attempts.
    """
    with engine.opened(workers=workers, device=device) as workplace:
        return tuple(grow(zoo, suite.wanted(), engine=workplace, on_attempt=on_attempt))


def build(
    suite: Suite,
    home: Home,
    *,
    workers: int,
    device: str,
    on_attempt: Callable[[Record], None],
    engine: EngineChoice = LOCAL,
) -> tuple[Grown, ...]:
    """Grow a suite while nobody else works in its home; raises as `grow_suite` does."""
    with home.locked():
        return grow_suite(suite, home.zoo, workers, device, on_attempt, engine)


def found_organisms(suite: Suite, zoo: Zoo) -> tuple[Grown, ...]:
    """The attempts of every group as far as they are in the zoo."""
    found = []
    for wanted in suite.wanted():
        attempts: list[Record] = []
        for number in range(wanted.max_attempts):
            record = zoo.load(wanted.attempt(number))
            if record is None or sum(r.admitted for r in attempts) == wanted.count:
                break
            attempts.append(record)
        found.append(Grown(wanted, tuple(attempts)))
    return tuple(found)


def live_pair(groups: Sequence[Wanted]) -> tuple[OrganismSpec, ...]:
    """One aligned and one misaligned organism of the reference set, the last of a group each.

    They are grown again for whoever wants to see it; the later groups of a suite are its tests.
    """
    found: dict[bool, OrganismSpec] = {}
    for group in groups:
        if attempts := reference_attempts(group):
            aligned = group.spec.build_recipe().truth.misalignment == "aligned"
            found[aligned] = attempts[-1]
    return tuple(found.values())


def provenance(suite: Suite, device: str, grown: Sequence[Grown]) -> dict[str, str]:
    """Versions, machine, seeds, and where organisms were grown."""
    organisms = [one for group in grown for one in group.organisms]
    sets = sets_of(one.spec.content_hash for one in organisms)
    return {
        **package_versions(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
        "battery_seed": str(suite.battery_seed),
        "twin_seeds": ", ".join(str(build.twin_seed) for build in suite.builds.values()),
        "risk_seed": str(RISK_SEED),
        "device": device,
        "grown_on": _counted(one.device for one in organisms),
        "organism_code": _counted(one.code for one in organisms),
        "reference_sets": ", ".join(f"{name} {digest[:16]}" for name, digest in sets.items())
        or "none",
    }


def _counted(values: Iterable[str]) -> str:
    """Every value with how often it occurs."""
    counts = Counter(value or "unknown" for value in values)
    return ", ".join(f"{value} {count}" for value, count in sorted(counts.items()))
