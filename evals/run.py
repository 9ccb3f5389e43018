"""The main job: grow, blind, score, freeze, judge, update the risk, write the page; resumable."""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from evals.blind import Lineup, blind, is_blinded, isolated, read_vault
from evals.evidence import Column, Evidence, read_evidence
from evals.floors import require_floors_at_chance
from evals.freeze import freeze, read_frozen, require_unchanged
from evals.judge import Judged, columns, evidence, judge
from evals.panel import Row, code_digest, score_lineup
from evals.risk import DEFAULT_WEIGHT, MISALIGNMENT_TYPES, RiskUpdate, load_figures, update
from evals.suite import Group, Suite
from evals.workers import local_workers
from organisms.population import Grown, grow
from organisms.zoo import Record, Zoo

RISK_SEED = 20_260
"""Seed of the Monte Carlo draws: the same evidence gives the same risk."""


class HomeBusy(RuntimeError):
    """Two builds in one home would train the same organisms twice."""


@dataclass(frozen=True)
class Progress:
    """Callbacks that show progress; each is told of one finished unit of work."""

    on_attempt: Callable[[Record], None]
    on_row: Callable[[Row], None]


@dataclass(frozen=True)
class Home:
    """Where everything is kept.

    Attributes:
        root: `.mesascope/` (organisms) and `runs/` lie here.
    """

    root: Path

    @property
    def zoo(self) -> Zoo:
        """The organisms."""
        return Zoo(self.root / ".mesascope" / "organisms")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other builds and runs out; the lock goes with the process, however it ends.

        Raises:
            HomeBusy: another process builds or runs here.
        """
        folder = self.root / ".mesascope"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(folder / "lock", timeout=0):
                yield
        except Timeout:
            raise HomeBusy(
                f"another mesascope builds or runs in {self.root.resolve()}; wait for it to end, "
                "or give this one another --home"
            ) from None

    def run(self, suite: Suite) -> Path:
        """Folder of a suite's run; another suite, or an edited one, has another folder."""
        return self.root / "runs" / f"{suite.name}-{suite.content_hash[:8]}"


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
    suite: Suite, home: Home, *, workers: int, device: str, progress: Progress
) -> tuple[Grown, ...]:
    """Train and admit what is missing of a suite.

    Raises:
        TooFewOrganisms: a group ran out of attempts.
    """
    with home.locked():
        return _build(suite, home, workers=workers, device=device, progress=progress)


def _build(
    suite: Suite, home: Home, *, workers: int, device: str, progress: Progress
) -> tuple[Grown, ...]:
    with local_workers(workers) as executor:
        return tuple(
            grow(
                home.zoo,
                suite.wanted(),
                executor=executor,
                device=device,
                on_attempt=progress.on_attempt,
            )
        )


def run(suite: Suite, home: Home, *, workers: int, device: str, progress: Progress) -> Finished:
    """Do the main job, continuing where an earlier start stopped.

    Raises:
        TooFewOrganisms: a group ran out of attempts.
        DetectorFailed: a detector raised or returned no score.
        FreezeBroken: frozen scores were changed.
        LeakDetected: a floor beats chance.
    """
    with home.locked():
        return _run(suite, home, workers=workers, device=device, progress=progress)


def _run(suite: Suite, home: Home, *, workers: int, device: str, progress: Progress) -> Finished:
    grown = _build(suite, home, workers=workers, device=device, progress=progress)
    folder = home.run(suite)
    lineup = _lineup(folder, home.zoo, suite, grown)
    with local_workers(workers) as executor:
        rows = score_lineup(
            lineup,
            suite.detectors,
            store=folder / "scores.jsonl",
            executor=executor,
            device=device,
            on_row=progress.on_row,
        )
    require_unchanged(rows, folder)
    frozen = freeze(rows, folder)
    judged = judge(suite, frozen, read_vault(folder), grown)
    require_floors_at_chance(judged, suite.detectors)
    measured = evidence(judged, frozen, grown, suite.detectors, provenance(suite))
    (folder / "evidence.json").write_text(measured.to_json())
    return Finished(folder, judged, grown, measured)


def reopen(suite: Suite, home: Home) -> Finished:
    """Read a finished run without training or scoring anything.

    Raises:
        FreezeBroken: the run has no frozen scores, or they were changed.
        EvidenceError: there is no readable evidence.
        ZooError: organisms of the run are missing.
    """
    folder = home.run(suite)
    frozen = read_frozen(folder)
    measured = read_evidence(folder / "evidence.json")
    grown = tuple(grown_from_zoo(suite, home.zoo))
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


def score_guest(
    finished: Finished,
    suite: Suite,
    reference: str,
    *,
    workers: int,
    device: str,
    on_row: Callable[[Row], None],
) -> tuple[tuple[Column, ...], tuple[Row, ...]]:
    """Score one more detector on the suspects of a finished run.

    Its workers are given a copy of the lineup that lies apart from vault and zoo.

    Raises:
        DetectorFailed: it raised or returned no score.
    """
    original = Lineup.read(finished.folder / "lineup")
    guest = finished.folder / "guests" / code_digest(reference, original.battery_seed)
    with isolated(original) as lineup, local_workers(workers) as executor:
        rows = score_lineup(
            lineup,
            (reference,),
            store=guest / "scores.jsonl",
            executor=executor,
            device=device,
            on_row=on_row,
        )
    frozen = freeze(rows, guest)
    judged = judge(suite, frozen, read_vault(finished.folder), finished.grown)
    return columns(judged, (reference,)), frozen.rows


def risk_from(
    measured: Evidence, *, priors: Path | None = None, weights: Sequence[float] | None = None
) -> RiskUpdate:
    """The decomposition before and after, from the rule's rates.

    Args:
        measured: the evidence.
        priors: TOML file that overrides judged figures.
        weights: transport weights; 0, the default and 1 if not given.
    """
    rule = measured.column(measured.rule)
    counts = {name: rule.counts(name) for name in MISALIGNMENT_TYPES}
    return update(
        counts,
        figures=load_figures(priors),
        generator=np.random.default_rng(RISK_SEED),
        weights=(0.0, DEFAULT_WEIGHT, 1.0) if weights is None else weights,
    )


def provenance(suite: Suite) -> dict[str, str]:
    """Versions, machine and seeds."""
    packages = ("mesascope", "torch", "transformer-lens", "scikit-learn", "numpy", "scipy")
    return {
        **{name: version(name) for name in packages},
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
        "battery_seed": str(suite.battery_seed),
        "twin_seed": str(suite.twin_seed),
        "risk_seed": str(RISK_SEED),
        "code": code_digest("battery", suite.battery_seed),
    }


def _lineup(folder: Path, zoo: Zoo, suite: Suite, grown: Sequence[Grown]) -> Lineup:
    """The blinded suspects: the existing ones if they are this population, else new ones."""
    members: list[tuple[Group, Record]] = [
        (group, record)
        for group, result in zip(suite.groups, grown, strict=True)
        for record in result.organisms
    ]
    hashes = {record.spec.content_hash for _, record in members}
    if is_blinded(folder):
        if {member.spec_hash for member in read_vault(folder)} == hashes:
            return Lineup.read(folder / "lineup")
        shutil.rmtree(folder)
    return blind(folder, zoo, members, battery_seed=suite.battery_seed)


def write_risk(update: RiskUpdate, path: Path) -> None:
    """Write a risk update as JSON."""
    path.write_text(json.dumps(update.to_dict(), indent=1, allow_nan=False))
