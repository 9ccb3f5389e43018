"""The main job: grow, blind, score, freeze, judge, update the risk, write the page; resumable."""

from __future__ import annotations

import platform
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from evals.evidence.detector_rates import EvidenceError
from evals.evidence.evidence import Evidence
from evals.evidence.evidence_file import read_suite_evidence, write_evidence
from evals.judging.build_evidence import measure, populations
from evals.judging.floors import require_floors_at_chance
from evals.judging.opened_scores import Judged, judge
from evals.risk.analysis import RISK_SEED
from evals.running.engines import LOCAL, EngineChoice
from evals.scoring.blind import Lineup, blind, is_blinded, read_vault, require_distinct_weights
from evals.scoring.distinct_networks import require_distinct_networks
from evals.scoring.freeze import Frozen, freeze, read_frozen, require_unchanged
from evals.scoring.score_table import Row, score_lineup
from evals.scoring.twins import ship_twins
from evals.scoring.variants import AFFORDABLE, Variants, score_variants
from evals.scoring.workers import local_workers
from evals.suite.group import Group
from evals.suite.home import Home
from evals.suite.suite import Suite
from organisms.growing.population import Grown, grow
from organisms.records.provenance import package_versions
from organisms.zoo.zoo import Record, Zoo, ZooError


@dataclass(frozen=True)
class Progress:
    """Callbacks that show progress; each is told of one finished unit of work."""

    on_attempt: Callable[[Record], None]
    on_row: Callable[[Row], None]


@dataclass(frozen=True)
class Finished:
    """A finished run.

    Attributes:
        folder: where its files lie.
        judged: opened scores.
        grown: what became of every group.
        evidence: the measured rates.
    """

    folder: Path
    judged: Judged
    grown: tuple[Grown, ...]
    evidence: Evidence


def build(
    suite: Suite,
    home: Home,
    *,
    workers: int,
    device: str,
    progress: Progress,
    engine: EngineChoice = LOCAL,
) -> tuple[Grown, ...]:
    """Train and admit what is missing of a suite.

    Raises:
        EngineError: the engine cannot be had.
        TooFewOrganisms: a group ran out of attempts.
    """
    with home.locked():
        return _build(suite, home, workers, device, progress, engine)


def _build(
    suite: Suite, home: Home, workers: int, device: str, progress: Progress, engine: EngineChoice
) -> tuple[Grown, ...]:
    with engine.opened(workers=workers, device=device) as workplace:
        groups = suite.wanted()
        return tuple(grow(home.zoo, groups, engine=workplace, on_attempt=progress.on_attempt))


def run(
    suite: Suite,
    home: Home,
    *,
    workers: int,
    device: str,
    progress: Progress,
    engine: EngineChoice = LOCAL,
) -> Finished:
    """Do the main job, continuing where an earlier start stopped; scoring is always local.

    Raises:
        EngineError: the engine cannot be had.
        TooFewOrganisms: a group ran out of attempts.
        DetectorFailed: a detector raised or returned no score.
        FreezeBroken: frozen scores were changed.
        BlindingError: two suspects are one network.
        LeakDetected: a floor beats chance.
    """
    with home.locked():
        return _run(suite, home, workers, device, progress, engine)


def _run(
    suite: Suite, home: Home, workers: int, device: str, progress: Progress, engine: EngineChoice
) -> Finished:
    grown, folder, lineup = _blinded(suite, home, workers, device, progress, engine)
    require_distinct_networks(lineup)
    with local_workers(workers) as executor:
        rows = _scores(lineup, suite, folder, executor, device, progress)
        variants = _variants(lineup, suite, folder, executor, device, AFFORDABLE)
    frozen = _frozen(rows, folder)
    judged = judge(suite, frozen, read_vault(folder), grown)
    floors = require_floors_at_chance(judged, suite.detectors)
    measured = measure(
        judged,
        suite.detectors,
        floors=floors,
        variants=variants,
        scores_sha256=frozen.digest,
        population=populations(grown, suite),
        provenance=provenance(suite, device, grown),
    )
    write_evidence(measured, folder / "evidence.json")
    return Finished(folder, judged, grown, measured)


def score_blind(
    suite: Suite,
    home: Home,
    *,
    workers: int,
    device: str,
    progress: Progress,
    variants_limit: float,
    engine: EngineChoice = LOCAL,
) -> tuple[Path, Frozen, Variants]:
    """Grow, blind, score and freeze, and leave the seals whole: for another judge than `run`.

    Args:
        variants_limit: CPU-seconds per suspect up to which detectors score variants too; the rest
            as of `run`.

    Returns:
        Folder of the run, its frozen scores, and scores of untrained networks and disguises.

    Raises:
        EngineError: the engine cannot be had.
        TooFewOrganisms: a group ran out of attempts.
        DetectorFailed: a detector raised or returned no score.
        FreezeBroken: frozen scores were changed.
    """
    with home.locked():
        _, folder, lineup = _blinded(suite, home, workers, device, progress, engine)
        with local_workers(workers) as executor:
            rows = _scores(lineup, suite, folder, executor, device, progress)
            variants = _variants(lineup, suite, folder, executor, device, variants_limit)
        return folder, _frozen(rows, folder), variants


def _blinded(
    suite: Suite, home: Home, workers: int, device: str, progress: Progress, engine: EngineChoice
) -> tuple[tuple[Grown, ...], Path, Lineup]:
    """Grow what is missing and hide who is who."""
    grown = _build(suite, home, workers, device, progress, engine)
    folder = home.run(suite)
    return grown, folder, _lineup(folder, home.zoo, suite, grown)


def _scores(
    lineup: Lineup,
    suite: Suite,
    folder: Path,
    executor: Executor,
    device: str,
    progress: Progress,
) -> list[Row]:
    return score_lineup(
        lineup,
        suite.detectors,
        store=folder / "scores.jsonl",
        executor=executor,
        device=device,
        on_row=progress.on_row,
    )


def _variants(
    lineup: Lineup, suite: Suite, folder: Path, executor: Executor, device: str, limit: float
) -> Variants:
    place = folder / "variants"
    return score_variants(
        lineup,
        suite.detectors,
        folder=place,
        store=place,
        executor=executor,
        device=device,
        limit=limit,
    )


def _frozen(rows: Sequence[Row], folder: Path) -> Frozen:
    require_unchanged(rows, folder)
    return freeze(rows, folder)


def reopen(suite: Suite, home: Home) -> Finished:
    """Read a finished run without training or scoring anything.

    Raises:
        FreezeBroken: the run has no frozen scores, or they were changed.
        EvidenceError: there is no readable evidence.
        ZooError: organisms of the run are missing.
    """
    folder = home.run(suite)
    frozen = read_frozen(folder)
    measured = read_suite_evidence(folder / "evidence.json")
    if measured.scores_sha256 != frozen.digest:
        raise EvidenceError(
            f"the evidence in {folder} was made from other scores than lie there now; run again"
        )
    grown = tuple(grown_from_zoo(suite, home.zoo))
    for group in grown:
        if len(group.organisms) != group.wanted.count:
            raise ZooError(
                f"organisms of {group.wanted.spec.recipe} are missing in {home.zoo.root}; "
                "`mesascope run` grows them again"
            )
    return Finished(folder, judge(suite, frozen, read_vault(folder), grown), grown, measured)


def grown_from_zoo(suite: Suite, zoo: Zoo) -> list[Grown]:
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
    return found


def provenance(suite: Suite, device: str, grown: Sequence[Grown]) -> dict[str, str]:
    """Versions, machine, seeds, and where organisms were grown."""
    organisms = [one for group in grown for one in group.organisms]
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
    }


def _counted(values: Iterable[str]) -> str:
    """Every value with how often it occurs."""
    counts = Counter(value or "unknown" for value in values)
    return ", ".join(f"{value} {count}" for value, count in sorted(counts.items()))


def _lineup(folder: Path, zoo: Zoo, suite: Suite, grown: Sequence[Grown]) -> Lineup:
    """The blinded suspects: the existing ones if they are this population, else new ones.

    Their trusted twins lie beside them.
    """
    members: list[tuple[Group, Record]] = [
        (group, record)
        for group, result in zip(suite.groups, grown, strict=True)
        for record in result.organisms
    ]
    twins = {record.spec.content_hash: record.spec.twin for _, record in members}
    if is_blinded(folder) and {m.spec_hash for m in read_vault(folder)} != set(twins):
        shutil.rmtree(folder)
    if is_blinded(folder):
        lineup = Lineup.read(folder / "lineup")
        require_distinct_weights(lineup)
    else:
        lineup = blind(folder, zoo, members, battery_seed=suite.battery_seed)
    known = {member.id: twins[member.spec_hash] for member in read_vault(folder)}
    ship_twins(lineup, known, zoo)
    return lineup
