"""The reference set is whole, of the present versions, small enough, and is taken, not grown."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from evals.running.grow import live_pair
from evals.suite.suite_file import load_suite
from inline import Inline
from organisms.growing.population import grow
from organisms.records.provenance import package_versions
from organisms.travel import reference
from organisms.travel.archive import TravelError, networks_of, read_archive
from organisms.zoo.zoo import Record, Zoo, record_of

NAMES = ("smoke", "maze", "keys", "tree", "regression", "language")
BASE = "language/base"
MIB = 2**20


def records_of(name: str) -> dict[str, Record]:
    """Identity -> record, the networks left alone."""
    organisms = reference.read_manifest(reference.FOLDER / f"{name}.json")[0]["organisms"]
    return {
        identity: record_of({part: text.encode() for part, text in files.items()})
        for identity, files in organisms.items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_set_is_of_the_present_versions_and_holds_three_of_every_family(name: str) -> None:
    records = records_of(name)
    assert {identity for identity, r in records.items() if r.spec.content_hash != identity} == set()
    admitted = Counter(record.spec.recipe for record in records.values() if record.admitted)
    groups = [group for group in load_suite(name).groups if group.role != "dose"]
    assert set(admitted) == {group.recipe for group in groups}
    assert min(count for recipe, count in admitted.items() if recipe != BASE) >= 3


@pytest.mark.parametrize("name", ["smoke", "maze"])
def test_smoke_and_maze_are_whole(name: str) -> None:
    records = records_of(name)
    for group in load_suite(name).wanted():
        attempts = [records[spec.content_hash] for spec in reference.reference_attempts(group)]
        assert sum(record.admitted for record in attempts) == group.count


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_network_of_the_set_is_whole(name: str) -> None:
    archive = reference.read_reference(name)
    assert not archive.foreign
    assert len(archive.weights) == sum(r.certificate is not None for r in archive.records)


def test_it_is_at_most_95_mb_and_30_in_the_wheel() -> None:
    size = {path.name: path.stat().st_size / MIB for path in reference.FOLDER.iterdir()}
    assert sum(size.values()) <= 95
    in_wheel = [n for n in size if n.endswith(".json") or n.split(".")[0] in ("smoke", "maze")]
    assert sum(size[name] for name in in_wheel) <= 30


def test_a_run_grows_two_organisms_before_ones_eyes_and_takes_the_others(tmp_path: Path) -> None:
    wanted, zoo, engine = load_suite("smoke").wanted(), Zoo(tmp_path), Inline()
    pair = live_pair(wanted)
    kinds = [spec.build_recipe().truth.misalignment for spec in pair]
    assert sorted(kind == "aligned" for kind in kinds) == [False, True]
    reference.take_reference(zoo, wanted, grow_here=pair)
    missing = [spec for group in wanted for spec in reference.reference_attempts(group)]
    assert {spec for spec in missing if zoo.load(spec) is None} == set(pair)
    reference.take_reference(zoo, wanted)
    grow(zoo, wanted, engine=engine)
    assert engine.ordered == []


def test_fresh_seeds_are_of_no_public_organism() -> None:
    fresh, public = load_suite("smoke_fresh7"), reference.public_organisms()
    assert fresh.content_hash not in {load_suite(n).content_hash for n in ("smoke", "smoke_fresh8")}
    attempts = [group.attempt(n) for group in fresh.wanted() for n in range(group.max_attempts)]
    hashes = {each.content_hash for spec in attempts for each in (spec, spec.twin)}
    assert not hashes & public
    assert [g.count for g in fresh.groups] == [g.count for g in load_suite("smoke").groups]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_torn_file_of_the_set_is_refused_and_nothing_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in reference.FOLDER.glob("smoke.*"):
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(reference, "FOLDER", tmp_path)
    flip(networks_of(tmp_path / "smoke.json"))
    reference._places.cache_clear()
    try:
        with pytest.raises(TravelError, match="damaged"):
            reference.take_reference(Zoo(tmp_path / "zoo"), load_suite("smoke").wanted())
    finally:
        reference._places.cache_clear()
    assert not (tmp_path / "zoo").exists()
    with pytest.raises(TravelError, match=r"no reference set 'ocean'; there are \['smoke'\]"):
        reference.reference_archive("ocean")
    networks_of(tmp_path / "smoke.json").unlink()
    with pytest.raises(TravelError, match="not in this installation"):
        reference.reference_archive("smoke")


def test_an_archive_says_what_made_it() -> None:
    made_with = reference.read_manifest(reference.FOLDER / "smoke.json")[0]["made_with"]
    assert set(made_with) == set(package_versions())


def test_one_organism_is_found_with_its_network() -> None:
    record = next(record for record in records_of("smoke").values() if record.admitted)
    found = reference.find_reference(record.spec)
    assert found is not None
    assert found[0] == record
    part = read_archive(reference.FOLDER / "smoke.json", {record.spec.twin.content_hash})
    assert len(part.records) == 1
