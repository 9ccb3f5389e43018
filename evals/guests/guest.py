"""Score a detector from elsewhere on the suspects of a finished run."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from detect.contract.detector import DetectorError
from detect.declaration import Declaration, declare
from detect.registry import DETECTORS, split_reference
from evals.evidence.detector_rates import DetectorRates
from evals.evidence.rival_explanation import Rival
from evals.judging.entry import Entry, detector_entries
from evals.judging.leaks import LeakDetected, require_sealed_limits
from evals.judging.opened_scores import OpenedScores, open_scores
from evals.judging.rate_detectors import rate_detectors
from evals.judging.rival_explanations import disguises_of, untrained_of
from evals.running.run import Finished
from evals.scoring.blind import Lineup, isolated, read_vault
from evals.scoring.freeze import freeze
from evals.scoring.score_table import DetectorFailed, Row, score_lineup
from evals.scoring.variants import Variants, score_variants
from evals.scoring.workers import local_workers
from evals.suite.home import alone_in
from organisms.zoo.folders import folders_by_hash
from probes.writing import clear_parts


@dataclass(frozen=True)
class GuestScore:
    """What a detector from elsewhere did on a lineup whose truth had been opened before.

    Attributes:
        columns: the detector and its parts, judged like the battery.
        killers: what untrained networks and disguises say about it.
        looks: detectors from elsewhere scored on this lineup so far, this one included; the more
            there were, the less the best of them means.
    """

    declaration: Declaration
    columns: tuple[DetectorRates, ...]
    rows: tuple[Row, ...]
    killers: tuple[Rival, ...]
    judged: OpenedScores
    looks: int


def score_guest(
    finished: Finished,
    reference: str,
    *,
    workers: int,
    device: str,
    on_row: Callable[[Row], None],
) -> GuestScore:
    """Score one more detector; only workers import it, apart from vault and zoo.

    They get a copy of the lineup and, where the reference is a file, copies of it and of the
    Python files beside it. This guards against accidents: a detector that searches the disk will
    find the vault.

    Raises:
        DetectorError: it does not load, or takes the name of a built-in.
        DetectorFailed: it raised, returned no score, or reads something outside the network.
        HomeBusy: another process scores the same detector on the same run.
    """
    if reference not in DETECTORS:
        split_reference(reference)
    original = Lineup.read(finished.folder / "lineup")
    guests = finished.folder / "guests"
    with isolated(original) as lineup, local_workers(workers, cwd=lineup.folder) as executor:
        carried = _carried(reference, lineup.folder.parent / "detector")
        guest = executor.submit(declare, carried).result()
        if guest.name in DETECTORS and reference != guest.name:
            raise DetectorError(
                f"{guest.name!r} is the name of a built-in; give the detector its own"
            )
        folder = guests / guest.score_key(original.battery_seed, device)
        with alone_in(folder):
            clear_parts(folder)
            rows = score_lineup(
                lineup,
                (guest,),
                store=folder / "scores.jsonl",
                executor=executor,
                device=device,
                on_row=on_row,
            )
            variants = score_variants(
                lineup,
                (guest,),
                folder=lineup.folder.parent,
                store=folder,
                executor=executor,
                device=device,
                limit=math.inf,
            )
            frozen = freeze(rows, folder)
    judged = open_scores(finished.suite, frozen, read_vault(finished.folder), finished.grown)
    entries = detector_entries(judged, (guest,))
    require_sealed_limits(judged, entries)
    return GuestScore(
        declaration=guest,
        columns=rate_detectors(judged, entries),
        rows=frozen.rows,
        killers=_rivals(judged, entries[:1], variants),
        judged=judged,
        looks=len(folders_by_hash(guests)),
    )


def _rivals(judged: OpenedScores, entries: list[Entry], variants: Variants) -> tuple[Rival, ...]:
    try:
        untrained = untrained_of(judged, entries, variants.untrained)
    except LeakDetected as leak:
        raise DetectorFailed(str(leak)) from leak
    found = (*untrained, *disguises_of(judged, entries, variants.disguised))
    return tuple(rival for rival in found if rival.verdict != "not_run")


def _carried(reference: str, folder: Path) -> str:
    """The reference to a copy of a detector's file, which lies where the truth is not."""
    place, colon, name = reference.rpartition(":")
    if not colon or not place.endswith(".py"):
        return reference
    folder.mkdir()
    for path in Path(place).resolve().parent.glob("*.py"):
        shutil.copy(path, folder)
    return f"{folder / Path(place).name}:{name}"
