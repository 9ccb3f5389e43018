"""Whichever write of a stage fails, nothing is half there, and the stage done again is whole."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from evals.evidence.evidence_file import read_evidence, write_evidence
from evals.running.run import Finished
from evals.scoring.blind import Lineup, blind, discard, is_blinded, read_vault
from evals.scoring.freeze import freeze, read_frozen, require_unchanged
from evals.scoring.score_table import read_rows
from evals.scoring.twins import carry_twins, ship_twins
from evals.scoring.variants import write_variant
from evals.suite.home import Home, HomeBusy, alone_in
from evals.suite.suite import Suite
from organisms.zoo.zoo import Zoo
from probes import writing
from probes.writing import UnwritableFile


@dataclass(frozen=True)
class Given:
    """A finished run that is only read, and a folder to write into."""

    suite: Suite
    home: Home
    run: Finished
    place: Path

    @property
    def lineup(self) -> Lineup:
        """The suspects without their twins."""
        folder = self.place / "lineup"
        if not folder.is_dir():
            left_out = shutil.ignore_patterns("twins")
            shutil.copytree(self.run.folder / "lineup", folder, ignore=left_out)
        return Lineup.read(folder)


def an_organism(given: Given) -> bool:
    (record, *_), zoo = given.run.grown[0].organisms, Zoo(given.place / "zoo")
    weights = given.home.zoo.weights(record.spec)
    assert not zoo.records()
    zoo.save(record, weights)
    return zoo.records() == [record] and zoo.weights(record.spec) == weights


def a_lineup(given: Given) -> bool:
    members = [
        (group, record)
        for group, one in zip(given.suite.groups, given.run.grown, strict=True)
        for record in one.organisms
    ]
    assert not is_blinded(given.place)
    blind(given.place, given.home.zoo, members[:3], battery_seed=given.suite.battery_seed)
    return {member.id for member in read_vault(given.place)} == set(
        Lineup.read(given.place / "lineup").ids
    )


def twins(given: Given) -> bool:
    specs = {r.spec.content_hash: r.spec.twin for one in given.run.grown for r in one.organisms}
    known = {member.id: specs[member.spec_hash] for member in read_vault(given.run.folder)}
    ship_twins(given.lineup, known, given.home.zoo)
    return same(given.lineup.folder / "twins", given.run.folder / "lineup" / "twins")


def carried_twins(given: Given) -> bool:
    carry_twins(Lineup.read(given.run.folder / "lineup"), given.lineup.folder)
    return same(given.lineup.folder / "twins", given.run.folder / "lineup" / "twins")


def a_variant(given: Given) -> bool:
    lineup = Lineup.read(given.run.folder / "lineup")
    folder = given.place / "variants" / "as they are"
    write_variant(lineup, folder, lambda net, generator: net, "as they are")
    return same(folder, lineup.folder) and same(folder / "twins", lineup.folder / "twins")


def frozen_scores(given: Given) -> bool:
    rows = read_frozen(given.run.folder).rows
    newer = tuple(replace(row, key="newer") for row in rows)
    if not (given.place / "scores.json").exists():
        shutil.copy(given.run.folder / "scores.json", given.place)
        shutil.copy(given.run.folder / "scores.sha256", given.place)
    require_unchanged(newer, given.place)
    assert read_frozen(given.place).rows in (rows, newer)
    freeze(newer, given.place)
    return read_frozen(given.place).rows == newer


def evidence(given: Given) -> bool:
    path = given.place / "evidence.json"
    if not path.exists():
        shutil.copy(given.run.folder / "evidence.json", path)
    assert read_evidence(path) == given.run.evidence
    write_evidence(given.run.evidence, path)
    return read_evidence(path) == given.run.evidence


STAGES: dict[str, Callable[[Given], bool]] = {
    stage.__name__: stage
    for stage in (
        an_organism, a_lineup, twins, carried_twins, a_variant, frozen_scores, evidence,
    )
}  # fmt: skip


def same(folder: Path, other: Path) -> bool:
    """Whether two folders hold the same files, apart from folders in them."""
    read = [{p.name: p.read_bytes() for p in f.iterdir() if p.is_file()} for f in (folder, other)]
    return read[0] == read[1]


@pytest.fixture
def given(finished: Finished, tiny: Suite, home: Home, tmp_path: Path) -> Given:
    return Given(tiny, home, finished, tmp_path)


def full_at(number: int, encoded: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    """The disk is full when this many files or lines have been written."""
    written: Iterator[int] = iter(range(number))

    def refused(content: Any) -> bytes:
        if next(written, None) is None:
            raise OSError(28, "No space left on device")
        return encoded(content)

    return refused


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_a_stage_that_stops_at_any_write_is_whole_when_done_again(
    stage: Callable[[Given], bool], given: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped, whole = list[str](), False
    while not whole:
        with monkeypatch.context() as patched:
            patched.setattr(writing, "_encoded", full_at(len(stopped), writing._encoded))
            try:
                whole = stage(given)
                assert whole
            except UnwritableFile as error:
                stopped.append(str(error))
        assert not list(given.place.rglob(".*.part"))
    assert stopped
    for message in stopped:
        assert message.startswith(f"cannot write {given.place}")
        assert "No space left on device" in message


def test_a_torn_row_is_dropped_on_a_disk_that_takes_nothing_more(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Path(shutil.copy(finished.folder / "scores.jsonl", tmp_path))
    whole = store.read_bytes()
    store.write_bytes(whole + whole[:50])
    monkeypatch.setattr(writing, "_encoded", full_at(0, writing._encoded))
    assert len(read_rows(store)) == whole.count(b"\n")
    assert store.read_bytes() == whole


def test_a_run_that_is_being_deleted_does_not_seem_blinded(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Path(shutil.copytree(finished.folder, tmp_path / "run"))

    def killed(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        discard(run)
    assert not is_blinded(run)


def test_a_folder_is_for_one_process_at_a_time(tmp_path: Path) -> None:
    with alone_in(tmp_path), pytest.raises(HomeBusy, match=str(tmp_path)), alone_in(tmp_path):
        pass
    with alone_in(tmp_path):
        pass
