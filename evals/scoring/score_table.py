"""Put every suspect before every detector, in worker processes that never see the vault."""

from __future__ import annotations

import json
import math
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from detect.contract.detector import Detector
from detect.contract.failure import brief, file_of, told
from detect.contract.score import Score, ScoreError
from detect.declaration import Declaration, declared
from detect.registry import load_detector
from evals.scoring.blind import Lineup
from evals.scoring.twins import beside_twin
from organisms.records.typed import Cost, Count, validated_rows
from probes.errors import MesascopeError
from probes.network.access import Access
from probes.network.suspect import Suspect
from probes.parsing import parse_json
from probes.writing import line_writer


class FreezeBroken(MesascopeError, ValueError):
    """The score table is not the one that was written or frozen."""


class DetectorFailed(MesascopeError, RuntimeError):
    """A detector raised or returned no score; the message names it and the suspect."""


@dataclass(frozen=True)
class Row:
    """One detector's score of one suspect, with what it cost.

    Attributes:
        detector: name.
        suspect: opaque id.
        value: the score, None where the detector abstained.
        parts: named sub-scores, None where there is none.
        found: what was found, in words.
        reason: why the detector abstained, empty otherwise.
        forward_passes: instances sent through the network.
        cpu_seconds: of the scoring process.
        key: hash of the detector and its version, the battery seed and the device.
    """

    detector: str
    suspect: str
    value: float | None
    parts: dict[str, float | None]
    found: str
    reason: str
    forward_passes: Count
    cpu_seconds: Cost
    key: str

    def score(self, part: str = "") -> float:
        """The value, or a part's; NaN where the detector abstained.

        Raises:
            FreezeBroken: the row has no such part.
        """
        if self.value is None:
            return math.nan
        if part and part not in self.parts:
            raise FreezeBroken(
                f"the score of {self.detector} for {self.suspect} has no part {part!r}; delete the "
                "scores and run again"
            )
        number = self.parts[part] if part else self.value
        return math.nan if number is None else number


def scores_of(rows: Iterable[Row], ids: Sequence[str]) -> dict[str, Float[np.ndarray, " suspect"]]:
    """Scores by detector in the order of `ids`, NaN where one abstained; a part is `detector/part`.

    Raises:
        FreezeBroken: a detector has no row of a suspect.
    """
    places, found = {id: place for place, id in enumerate(ids)}, dict[str, np.ndarray]()
    own = [row for row in rows if row.suspect in places]
    for name, count in Counter(row.detector for row in own).items():
        if count != len(ids):
            raise FreezeBroken(f"{name} scored {count} of {len(ids)} suspects; score them again")
    for row in own:
        for part in ("", *row.parts):
            name = f"{row.detector}/{part}" if part else row.detector
            scores = found.setdefault(name, np.full(len(places), math.nan))
            scores[places[row.suspect]] = row.score(part)
    return found


def score_lineup(
    lineup: Lineup,
    detectors: Sequence[str | Declaration],
    *,
    store: Path,
    executor: Executor,
    device: str = "cpu",
    on_row: Callable[[Row], None] | None = None,
) -> list[Row]:
    """Score every suspect with every detector; finished rows are read from the store.

    Args:
        detectors: registry names, `file.py:Class` references, or declarations.
        store: JSONL file of finished rows; a torn last line from a killed run is dropped.

    Raises:
        DetectorFailed: a detector raised or returned no score; finished rows are kept.
        UnwritableFile: the folder is read-only, or the disk is full; finished rows are kept.
    """
    known = [declared(detector) for detector in detectors]
    references = [one.reference for one in known]
    keys = {one.reference: one.score_key(lineup.battery_seed, device) for one in known}
    names = {one.reference: one.name for one in known}
    done = {(row.detector, row.suspect, row.key): row for row in read_rows(store)}
    rows: list[Row] = []
    failures: list[str] = []
    tasks = {}
    for id in lineup.ids:
        missing = []
        for reference in references:
            row = done.get((names[reference], id, keys[reference]))
            if row is None:
                missing.append(reference)
            else:
                rows.append(row)
                if on_row is not None:
                    on_row(row)
        if missing:
            wanted = [keys[reference] for reference in missing]
            task = executor.submit(score_suspect, lineup.folder, id, missing, wanted, device)
            tasks[task] = id
    with line_writer(store) as add_line:
        for task in as_completed(tasks):
            if task.cancelled():
                continue
            finished, failure = task.result()
            for row in finished:
                add_line(json.dumps(asdict(row)))
                rows.append(row)
                if on_row is not None:
                    on_row(row)
            if failure:
                failures.append(failure)
                for other in tasks:
                    other.cancel()
    if failures:
        raise DetectorFailed(failures[0])
    return sorted(rows, key=lambda row: (row.detector, row.suspect))


def score_suspect(
    folder: Path, id: str, references: Sequence[str], keys: Sequence[str], device: str
) -> tuple[list[Row], str]:
    """Score one suspect in a worker; returns finished rows and, if a detector failed, why."""
    lineup = Lineup.read(folder)
    rows: list[Row] = []
    for reference, key in zip(references, keys, strict=True):
        kind = load_detector(reference)
        suspect = suspect_of(lineup, id, kind.access, device)
        if kind.needs_twin:
            suspect = beside_twin(suspect, lineup, device=device)
        try:
            rows.append(score_once(kind, suspect, key))
        except DetectorFailed as error:
            return rows, str(error)
    return rows, ""


def score_once(kind: type[Detector], suspect: Suspect, key: str) -> Row:
    """One detector's score of one suspect, whose meter is at zero.

    Raises:
        DetectorFailed: it raised or returned no score.
    """
    started = time.process_time()
    try:
        score = require_score(kind, kind().score(suspect))
    except (Exception, SystemExit) as error:  # a stranger's code may raise anything
        raise DetectorFailed(
            f"detector {kind.name!r} failed on suspect {suspect.id}: "
            f"{told(error, file_of(kind))}; use Score.abstain(reason) if it cannot look"
        ) from error
    return Row(
        detector=kind.name,
        suspect=suspect.id,
        value=_number(score.value),
        parts={name: _number(value) for name, value in score.parts.items()},
        found=score.found,
        reason=score.reason,
        forward_passes=suspect.meter.forward_passes,
        cpu_seconds=time.process_time() - started,
        key=key,
    )


def require_score(kind: type[Detector], score: object) -> Score:
    """Check what a detector returned.

    Raises:
        ScoreError: it is no score, or its parts are not the declared ones.
    """
    if not isinstance(score, Score):
        raise ScoreError(f"score() returned {brief(score)}, wanted a detect.Score")
    wanted = set(() if score.abstained else kind.parts)
    if set(score.parts) != wanted:
        raise ScoreError(f"parts are {sorted(score.parts)}, declared {sorted(wanted)}")
    return score


def suspect_of(lineup: Lineup, id: str, access: Access, device: str) -> Suspect:
    """A fresh copy of the network, so that no detector sees what another did to it."""
    net = lineup.net(id).to(device)
    return Suspect(
        id=id,
        network=net,
        environment=lineup.world,
        access=access,
        seed=lineup.battery_seed,
        untrained=lineup.shapes[id].build,
        metadata=lineup.metadata(id, net),
        device=device,
    )


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def read_rows(store: Path) -> list[Row]:
    """Finished rows of a store, none where it is missing; a torn last line is dropped from it.

    Raises:
        FreezeBroken: it is not a score file of this version.
    """
    if not store.is_file():
        return []
    whole, _, torn = store.read_bytes().rpartition(b"\n")
    try:
        lines = [parse_json(line, "a line") for line in whole.splitlines()]
        rows = list(validated_rows(Row, lines, FreezeBroken))
    except ValueError as error:
        raise FreezeBroken(
            f"{store} is not a score file of this version ({error}); delete it and run again"
        ) from error
    if torn:
        os.truncate(store, store.stat().st_size - len(torn))
    return rows
