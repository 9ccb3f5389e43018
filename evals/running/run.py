"""The main job: grow, blind, score, freeze, open, judge, update the risk, write the page.

Every stage takes what it needs and returns a record, and finds what an earlier start has finished.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from evals.evidence.detector_rates import EvidenceError
from evals.evidence.evidence import Evidence
from evals.evidence.evidence_file import read_suite_evidence, write_evidence
from evals.judging.build_evidence import build_evidence, populations
from evals.judging.leaks import require_floors_at_chance
from evals.judging.opened_scores import OpenedScores, open_scores
from evals.risk.risk_report import RiskReport, write_risk
from evals.running.engines import LOCAL, EngineChoice
from evals.running.grow import found_organisms, grow_suite, live_pair, provenance
from evals.running.reference_run import place_reference_run
from evals.running.score import blinded, score_sealed
from evals.running.update import updated_risk, write_page
from evals.scoring.blind import is_blinded, read_vault
from evals.scoring.distinct_networks import require_distinct_networks
from evals.scoring.freeze import read_frozen
from evals.scoring.score_table import FreezeBroken, Row
from evals.scoring.variants import AFFORDABLE
from evals.suite.home import Home
from evals.suite.suite import Suite
from evals.suite.suite_file import load_suite
from organisms.growing.population import Grown
from organisms.travel.reference import public_organisms, take_reference
from organisms.zoo.zoo import Record, ZooError


@dataclass(frozen=True)
class Progress:
    """Callbacks that show progress; each is told of one finished unit of work."""

    on_attempt: Callable[[Record], None]
    on_row: Callable[[Row], None]


@dataclass(frozen=True)
class Finished:
    """A measured suite.

    Attributes:
        suite: what was measured.
        folder: where its files lie.
        judged: opened scores.
        grown: what became of every group.
        evidence: the measured rates.
    """

    suite: Suite
    folder: Path
    judged: OpenedScores
    grown: tuple[Grown, ...]
    evidence: Evidence


def run(
    suite: Suite,
    home: Home,
    *,
    workers: int,
    device: str,
    progress: Progress,
    engine: EngineChoice = LOCAL,
    live: bool = False,
) -> tuple[Finished, RiskReport]:
    """Do the main job: measure a suite, update the risk, write `risk.json` and `report.html`.

    Raises:
        MesascopeError: as `measured` does.
    """
    finished = measured(
        suite, home, workers=workers, device=device, progress=progress, engine=engine, live=live
    )
    risk = updated_risk(finished.evidence, suite.transport_weight)
    write_risk(risk, finished.folder / "risk.json")
    write_page(finished.folder, finished.evidence, risk, finished.judged, finished.grown, home.zoo)
    return finished, risk


def measured(
    suite: Suite,
    home: Home,
    *,
    workers: int,
    device: str,
    progress: Progress,
    engine: EngineChoice = LOCAL,
    live: bool = False,
) -> Finished:
    """Measure a suite, from training to evidence; scoring is always local.

    Organisms of the public reference set are taken from there, and only the others are grown.

    Args:
        live: grow one aligned and one misaligned organism here although they are public.

    Raises:
        TravelError: the reference set is damaged, or other networks lie under its identities.
        EngineError: the engine cannot be had.
        TooFewOrganisms: a group ran out of attempts.
        DetectorFailed: a detector raised or returned no score.
        FreezeBroken: frozen scores were changed.
        BlindingError: two suspects are one network.
        LeakDetected: a floor beats chance.
    """
    folder = home.run(suite)
    with home.locked():
        place_reference_run(suite, home)
        wanted = suite.wanted()
        take_reference(home.zoo, wanted, grow_here=live_pair(wanted) if live else ())
        grown = grow_suite(suite, home.zoo, workers, device, progress.on_attempt, engine)
        lineup = blinded(suite, grown, home.zoo, folder)
        require_distinct_networks(lineup)
        sealed = score_sealed(
            suite,
            lineup,
            folder,
            workers=workers,
            device=device,
            on_row=progress.on_row,
            variants_limit=AFFORDABLE,
        )
        judged = open_scores(suite, sealed.frozen, read_vault(folder), grown)
        floors = require_floors_at_chance(judged, suite.detectors)
        evidence = build_evidence(
            suite,
            judged,
            suite.detectors,
            floors=floors,
            variants=sealed.variants,
            scores_sha256=sealed.frozen.digest,
            population=populations(grown, suite),
            provenance=provenance(suite, device, grown),
            public=public_organisms(),
        )
        write_evidence(evidence, folder / "evidence.json")
    return Finished(suite, folder, judged, grown, evidence)


def reopen_named(suite: str, environment: str | None, home: Path) -> Finished:
    """The finished run of a suite that is named; raises as `load_suite` and `reopen` do.

    Args:
        environment: world to judge, where the suite holds several.
        home: folder of `.mesascope/` and `runs/`.
    """
    return reopen(load_suite(suite).judged_in(environment), Home(home))


def reopen(suite: Suite, home: Home) -> Finished:
    """Read a finished run, or one that ships with the package; nothing is trained or scored.

    Raises:
        HomeBusy: another process works in the home while a run that ships is to be laid there.
        FreezeBroken: the run has no frozen scores, or they were changed.
        EvidenceError: there is no readable evidence.
        ZooError: organisms of the run are missing.
    """
    folder = home.run(suite)
    if not is_blinded(folder):
        with home.locked():
            place_reference_run(suite, home)
    frozen = read_frozen(folder)
    if missing := sorted(set(suite.detectors) - {row.detector for row in frozen.rows}):
        raise FreezeBroken(f"{frozen.path} holds no score of {', '.join(missing)}; run again")
    evidence = read_suite_evidence(folder / "evidence.json")
    if evidence.scores_sha256 != frozen.digest:
        raise EvidenceError(
            f"the evidence in {folder} was made from other scores than lie there now; run again"
        )
    grown = found_organisms(suite, home.zoo)
    for group in grown:
        if len(group.organisms) != group.wanted.count:
            raise ZooError(
                f"organisms of {group.wanted.spec.recipe} are missing in {home.zoo.root}; "
                "`mesascope run` grows them again"
            )
    judged = open_scores(suite, frozen, read_vault(folder), grown)
    return Finished(suite, folder, judged, grown, evidence)
