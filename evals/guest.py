"""Score a detector from elsewhere on the suspects of a finished run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from detect.detector import DetectorError
from detect.registry import DETECTORS, load_detector
from evals.blind import Lineup, isolated, read_vault
from evals.column import Column
from evals.columns import columns
from evals.freeze import freeze
from evals.judge import judge
from evals.panel import Row, code_digest, score_lineup
from evals.run import Finished
from evals.workers import local_workers


@dataclass(frozen=True)
class GuestScore:
    """What a detector from elsewhere did on a lineup whose truth had been opened before.

    Attributes:
        columns: the detector and its parts, judged like the battery.
        rows: its scores.
        looks: detectors from elsewhere scored on this lineup so far, this one included; the more
            there were, the less the best of them means.
    """

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    looks: int


def score_guest(
    finished: Finished,
    reference: str,
    *,
    workers: int,
    device: str,
    on_row: Callable[[Row], None],
) -> GuestScore:
    """Score one more detector; its workers get a copy of the lineup, apart from vault and zoo.

    This guards against accidents: a detector that searches the disk will find the vault.

    Raises:
        DetectorError: it takes the name of a built-in.
        DetectorFailed: it raised or returned no score.
    """
    name = load_detector(reference).name
    if name in DETECTORS and reference != name:
        raise DetectorError(f"{name!r} is the name of a built-in; give the detector its own")
    original = Lineup.read(finished.folder / "lineup")
    guests = finished.folder / "guests"
    folder = guests / code_digest(reference, original.battery_seed, device)
    with isolated(original) as lineup, local_workers(workers, cwd=lineup.folder) as executor:
        rows = score_lineup(
            lineup,
            (reference,),
            store=folder / "scores.jsonl",
            executor=executor,
            device=device,
            on_row=on_row,
        )
    frozen = freeze(rows, folder)
    judged = judge(finished.judged.suite, frozen, read_vault(finished.folder), finished.grown)
    looks = len(list(guests.iterdir()))
    return GuestScore(columns(judged, (reference,)), frozen.rows, looks)
