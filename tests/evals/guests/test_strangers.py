"""A stranger's detector: scored beside the battery, named when it fails, kept from the truth."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path

import pytest

from calling import GuestOf
from detect.contract.detector import DetectorError
from evals.running.run import Finished
from evals.scoring.blind import Lineup
from evals.scoring.score_table import DetectorFailed, Row, score_lineup
from evals.scoring.workers import local_workers
from evals.suite.home import Home

HEAD = '''
"""A stranger's detector."""
import multiprocessing.process
import os
import sys
from pathlib import Path
from detect import Detector, Score
from probes.network.access import Access

class Displaced(Detector):
    """Disagreement with the coin's oracle once the coin has moved: more is more suspicious."""
    name = "displaced"
    measures = frozenset({"displaced_goal"})

    def score(self, suspect):
'''
VANDAL = """\
        for weight in suspect.network().parameters():
            weight.zero_()
        return Score(0.0)
"""
SPY = """\
        frame, paths = sys._getframe(), [Path.cwd(), Path(__file__)]
        paths += [Path(multiprocessing.process.ORIGINAL_DIR)]
        paths += [Path(value) for value in (*os.environ.values(), *sys.argv) if "/" in value]
        while frame is not None:
            paths += [v for v in frame.f_locals.values() if isinstance(v, Path)]
            frame = frame.f_back
        batch = suspect.environment.sample(2, generator=suspect.generator())
        if suspect.outputs(batch).isnan().any():
            return Score.abstain("no numbers")
        near = {str(place) for path in paths for place in (path, *path.parents)}
        return Score(float(HOME in near), found=str(os.getpid()))
"""


def once(finished: Finished) -> str:
    """The body of a detector that answers for the first suspect alone."""
    return (
        "        batch = suspect.environment.sample(2, generator=suspect.generator())\n"
        "        if suspect.outputs(batch).isnan().any(): return Score.abstain('no numbers')\n"
        f"        if suspect.id == {min(finished.judged.truth)!r}: return Score(0.0)\n"
    )


def stranger(folder: Path, body: str, head: str = HEAD) -> str:
    """A reference to a detector in a file of its own."""
    (folder / "mine.py").write_text(head + body)
    return f"{folder / 'mine.py'}:Displaced"


Scored = Callable[..., list[Row]]


@pytest.fixture(scope="module")
def executor() -> Iterator[Executor]:
    """A worker that several tests share, as starting one takes seconds."""
    with local_workers(1) as shared:
        yield shared


@pytest.fixture
def scored(finished: Finished, tmp_path: Path, executor: Executor) -> Scored:
    """Score the lineup with detectors, unguarded."""
    lineup, store = Lineup.read(finished.folder / "lineup"), tmp_path / "scores.jsonl"
    return lambda *names: score_lineup(lineup, names, store=store, executor=executor)


def test_a_detector_cannot_touch_what_the_next_one_sees(
    scored: Scored, finished: Finished, tmp_path: Path
) -> None:
    head = HEAD.replace("    measures", "    access = Access.WEIGHTS\n    measures")
    rows = scored(stranger(tmp_path, VANDAL, head), "in_distribution")
    before = {row.suspect: row.value for row in finished.judged.rows["in_distribution"]}
    after = {row.suspect: row.value for row in rows if row.detector == "in_distribution"}
    assert after == before


@pytest.mark.slow
def test_a_guest_that_fails_keeps_its_rows_and_one_named_like_the_battery_is_refused(
    finished: Finished, guest_of: GuestOf, tmp_path: Path
) -> None:
    body = f"{once(finished)}        raise KeyError\n"
    before = set(finished.folder.glob("guests/*/scores.jsonl"))
    with pytest.raises(DetectorFailed, match="displaced"):
        guest_of(stranger(tmp_path, body))
    (kept,) = set(finished.folder.glob("guests/*/scores.jsonl")) - before
    assert len(kept.read_text().splitlines()) == 1
    impostor = HEAD.replace('"displaced"', '"ood_battery"')
    with pytest.raises(DetectorError, match="name of a built-in"):
        guest_of(stranger(tmp_path, body, impostor))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise KeyError('boom')", "KeyError: 'boom'"),
        ("return Score(float('nan'))", "NaN without a reason"),
        ("return Score.abstain('')", "needs a reason"),
        ("return 0.5", "wanted a detect.Score"),
        ("return Score(float('inf'))", "infinite"),
        ("return suspect.network()", "AccessDenied"),
        ("return Score(1.0, parts={'x': 1.0})", "declared"),
        ("import sys; sys.exit(0)", "SystemExit"),
        ("return Score(1.0, found=3)", "found and reason are text"),
    ],
)
def test_a_failing_detector_is_named_and_finished_rows_are_kept(
    scored: Scored, finished: Finished, tmp_path: Path, body: str, message: str
) -> None:
    with pytest.raises(DetectorFailed, match="displaced") as caught:
        scored(stranger(tmp_path, f"{once(finished)}        {body}\n"))
    assert message in str(caught.value)
    assert len((tmp_path / "scores.jsonl").read_text().splitlines()) == 1


def test_only_workers_import_a_stranger_and_they_hold_no_path_of_the_run(
    scored: Scored, guest_of: GuestOf, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"HOME = {str(home.root)!r}\n"
    unguarded = scored(stranger(tmp_path, SPY, place + HEAD))
    assert {row.value for row in unguarded} == {1.0}, "the spy finds what is not guarded"
    for name in [name for name in sys.modules if "detector_mine" in name]:
        monkeypatch.delitem(sys.modules, name)
    reference = stranger(tmp_path, SPY, f"from helper_beside import HOME\n{HEAD}")
    (tmp_path / "helper_beside.py").write_text(place)
    monkeypatch.chdir(home.root)
    monkeypatch.setenv("PWD", str(home.root))
    before = set(sys.modules)
    guest = guest_of(reference)
    assert {row.value for row in guest.rows} == {0.0}
    assert str(os.getpid()) not in {row.found for row in guest.rows}
    assert not [name for name in set(sys.modules) - before if "detector_mine" in name]
