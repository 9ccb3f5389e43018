"""Score a detector from elsewhere on the suspects of a finished run."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from detect.contract.detector import DetectorError
from detect.declaration import Declaration, declare
from detect.registry import DETECTORS
from evals.evidence.detector_rates import DetectorRates
from evals.evidence.rival_explanation import Rival
from evals.guests.arrival import Guest
from evals.guests.promises import PROMISES, PromiseBroken, broken_promise
from evals.judging.entry import detector_entries
from evals.judging.leaks import LeakDetected, require_sealed_limits
from evals.judging.opened_scores import OpenedScores, open_scores
from evals.judging.rate_detectors import rate_detectors
from evals.judging.variant_rivals import disguise_rival, untrained_rivals
from evals.running.run import Finished
from evals.scoring.blind import Lineup, read_vault
from evals.scoring.freeze import DIGEST, freeze
from evals.scoring.score_table import DetectorFailed, Row, read_rows, score_lineup
from evals.scoring.twins import carry_twins
from evals.scoring.variants import Variants, score_variants
from evals.statistics.rates import Rate, rate
from evals.suite.home import alone_in
from organisms.zoo.folders import folders_by_hash
from probes.parsing import parse_json
from probes.writing import clear_parts, write_whole

VARIANT_SECONDS, FEWEST_VARIANTS = 30.0, 30
"""CPU-seconds that a detector may spend on each kind of variant, and networks that it scores of
each however dear it is: with 30 a rank test can still fail at the level of leaks."""


@dataclass(frozen=True)
class GuestScore:
    """What a detector did on a lineup whose truth had been opened before.

    Attributes:
        finished: the run that the lineup is of.
        columns: the detector and its parts, judged like the battery.
        rivals: what untrained networks and disguises say about it.
        untrained: untrained networks that it flags; None where it scored none.
        looks: detectors from elsewhere scored on this lineup so far, this one included; the more
            there were, the less the best of them means. 0 for one of the battery.
    """

    finished: Finished
    declaration: Declaration
    columns: tuple[DetectorRates, ...]
    rows: tuple[Row, ...]
    rivals: tuple[Rival, ...]
    untrained: Rate | None
    judged: OpenedScores
    looks: int


def frozen_score(finished: Finished, name: str, device: str) -> GuestScore | None:
    """What one of the battery did, from the frozen scores; None where they are of another version.

    Raises:
        DetectorError: no detector has that name.
    """
    guest = declare(name)
    lineup = Lineup.read(finished.folder / "lineup")
    rows = finished.judged.rows.get(name, ())
    if {row.key for row in rows} != {guest.score_key(lineup.battery_seed, device)}:
        return None
    own = [one for one in finished.evidence.columns if one.name.partition("/")[0] == name]
    fresh = read_rows(finished.folder / "variants" / "untrained.jsonl")
    return GuestScore(
        finished=finished,
        declaration=guest,
        columns=tuple(own),
        rows=rows,
        rivals=(),
        untrained=_flagged(own[0], [row for row in fresh if row.detector == name]),
        judged=finished.judged,
        looks=0,
    )


def score_guest(
    finished: Finished, guest: Guest, *, device: str, on_row: Callable[[Row], None]
) -> GuestScore:
    """Score one more detector; only workers import it, apart from vault and zoo.

    Raises:
        DetectorError: it takes the name of a built-in, or breaks a promise of detectors.
        DetectorFailed: it raised, returned no score, or reads something outside the network.
        HomeBusy: another process scores the same detector on the same run.
    """
    declaration, guests = guest.declaration, finished.folder / "guests"
    if declaration.name in DETECTORS and declaration.reference != declaration.name:
        raise DetectorError(
            f"{declaration.name!r} is the name of a built-in; give the detector its own"
        )
    copied = shutil.copytree(
        finished.folder / "lineup", guest.folder / "lineup", dirs_exist_ok=True
    )
    lineup = Lineup.read(Path(copied))
    folder = guests / declaration.score_key(lineup.battery_seed, device)
    with alone_in(folder):
        clear_parts(folder)
        if not (folder / DIGEST).is_file():
            _require_promises(guest, lineup, device)
        rows = score_lineup(
            lineup,
            (declaration,),
            store=folder / "scores.jsonl",
            executor=guest.executor,
            device=device,
            on_row=on_row,
        )
        variants = score_variants(
            _sample(lineup, _affordable(rows), guest.folder / "sample"),
            (declaration,),
            folder=guest.folder / "variants",
            store=folder,
            executor=guest.executor,
            device=device,
            limit=math.inf,
        )
        frozen = freeze(rows, folder)
    judged = open_scores(finished.suite, frozen, read_vault(finished.folder), finished.grown)
    entries = detector_entries(judged, (declaration,))
    require_sealed_limits(judged, entries)
    columns = rate_detectors(judged, entries)
    return GuestScore(
        finished=finished,
        declaration=declaration,
        columns=columns,
        rows=frozen.rows,
        rivals=_rivals(judged, columns[0], variants),
        untrained=_flagged(columns[0], variants.untrained),
        judged=judged,
        looks=sum((one / DIGEST).is_file() for one in folders_by_hash(guests)),
    )


def _require_promises(guest: Guest, lineup: Lineup, device: str) -> None:
    """Try the promises on one suspect before all are scored."""
    reference = guest.declaration.reference
    trials = [
        guest.executor.submit(broken_promise, name, lineup.folder, lineup.ids[0], reference, device)
        for name in PROMISES
    ]
    for trial in trials:
        if broken := trial.result():
            raise PromiseBroken(f"{broken}. None of its scores is kept")


def _affordable(rows: list[Row]) -> int:
    """On how many networks a detector scores variants, by what it took for the suspects."""
    seconds = sum(row.cpu_seconds for row in rows) / len(rows)
    return max(FEWEST_VARIANTS, int(VARIANT_SECONDS / max(seconds, 1e-3)))


def _sample(lineup: Lineup, count: int, folder: Path) -> Lineup:
    """The lineup of its first suspects: ids are drawn at random, so these are random suspects."""
    if count >= len(lineup.ids):
        return lineup
    folder.mkdir()
    for id in lineup.ids[:count]:
        shutil.copy(lineup.folder / f"{id}.safetensors", folder)
    index = parse_json((lineup.folder / "index.json").read_bytes(), "index.json")
    index["ids"] = lineup.ids[:count]
    index["shape_of"] = {id: index["shape_of"][id] for id in index["ids"]}
    write_whole(folder / "index.json", json.dumps(index))
    carry_twins(lineup, folder)
    return Lineup.read(folder)


def _rivals(judged: OpenedScores, column: DetectorRates, variants: Variants) -> tuple[Rival, ...]:
    """What variants of some suspects say of a detector."""
    scored = {row.suspect for row in variants.untrained}
    among = np.array([member.id in scored for member in judged.members])
    own = among & ~judged.aligned
    fresh = _scores(judged, variants.untrained)
    try:
        found = untrained_rivals({column.name: fresh[among]}, ~judged.aligned[among])
    except LeakDetected as leak:
        raise DetectorFailed(str(leak)) from leak
    if not variants.disguised:
        return found
    before, after = judged.scores(column.name), _scores(judged, variants.disguised)
    return (*found, disguise_rival(column.name, column.limit, before[own], after[own]))


def _scores(judged: OpenedScores, rows: tuple[Row, ...]) -> Float[np.ndarray, " suspect"]:
    """Scores of variants in the order of the suspects; NaN where there is none."""
    known = {row.suspect: row.score() for row in rows}
    return np.array([known.get(member.id, math.nan) for member in judged.members])


def _flagged(column: DetectorRates, rows: list[Row] | tuple[Row, ...]) -> Rate | None:
    """Networks that a detector flags at its limit."""
    if not rows:
        return None
    flagged = sum(column.flags(row.value) for row in rows)
    return rate(flagged, len(rows), abstained=sum(row.value is None for row in rows))
