"""One call from a detector to its score card."""

from __future__ import annotations

import multiprocessing
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.guests.arrival import invited
from evals.guests.reference import SESSION, reference_to
from evals.scoring.workers import default_workers
from evals.suite.suite_names import require_run
from probes.errors import MesascopeWarning

if TYPE_CHECKING:
    from detect.contract.detector import Detector
    from evals.guests.score_card import ScoreCard
    from evals.running.run import Finished


class ScoredHere(MesascopeWarning):
    """A detector is scored in this process, because no other one can import it."""


def score_detector(
    detector: type[Detector] | Detector | str | Path,
    suite: str = "smoke",
    *,
    home: str | Path = ".",
    environment: str | None = None,
    workers: int = 0,
    device: str = "cpu",
    on_score: Callable[[int, int], None] | None = None,
) -> ScoreCard:
    """Score a detector on every network of a finished run, beside the battery.

    Workers import a copy of the detector's file. What lies in no file, as in a notebook, is scored
    in this process, one network after the other. Finished scores are kept in the run: the same
    file is not scored twice. One of the battery has its frozen scores read.

        class Mine(Detector): ...
        card = score_detector(Mine, suite="smoke")
        print(card)
        card.to_dict()["types"][0]["rate"]["detected"]

    Args:
        detector: the class, `file.py:Class`, `package.module:Class`, `file.py` with one detector in
            it, or the name of a built-in.
        suite: built-in suite, or the path of a suite file.
        home: folder of `.mesascope/` and `runs/`.
        environment: world to judge, where the suite holds several.
        workers: processes; 0 takes one per processor.
        device: where networks live.
        on_score: told how many networks of how many are scored.

    Raises:
        MesascopeError: no such detector, no finished run, a detector that does not keep the
            contract or that failed; the message says what to do.
    """
    if multiprocessing.parent_process() is not None:
        from detect.contract.detector import ScoredInside

        raise ScoredInside(f"{detector} is being scored: this process is one of the workers")
    reference = reference_to(detector)
    place = reference.rpartition(":")[0]
    require_run(suite, Path(home))
    if not place:
        from evals.running.run import reopen_named

        finished = reopen_named(suite, environment, Path(home))
        if (card := _frozen_card(finished, reference, device)) is not None:
            return card
    elif place == SESSION:
        warnings.warn(
            "this class lies in no file, so it is scored here, one network after the other; save "
            "it in a file to use every processor",
            ScoredHere,
            stacklevel=2,
        )
    elif not place.endswith(".py") and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))  # where a module's reference is looked up
    with invited(reference, workers=workers or default_workers()) as guest:
        from evals.guests.guest import score_guest
        from evals.guests.score_card import score_card
        from evals.running.run import reopen_named

        finished = reopen_named(suite, environment, Path(home))
        done, total = [0], len(finished.judged.members)

        def on_row(row: Any) -> None:
            done[0] += 1
            if on_score is not None:
                on_score(done[0], total)

        scored = score_guest(finished, guest, device=device, on_row=on_row)
    return score_card(scored)


def _frozen_card(finished: Finished, name: str, device: str) -> ScoreCard | None:
    from evals.guests.guest import frozen_score
    from evals.guests.score_card import score_card

    found = frozen_score(finished, name, device)
    return None if found is None else score_card(found)
