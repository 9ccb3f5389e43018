"""`mesascope zoo export|import|verify`: what is printed, which exit code, what lies on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from calling import Typed
from evals.command.zoo.travel import DIFFERENT, verdict_on
from evals.running.grow import found_organisms
from evals.suite.home import Home
from evals.suite.suite import Suite
from inline import PLAIN, PROXY, TWIN, Inline, grown, raise_version
from organisms.growing.population import Wanted, grow
from organisms.travel.regrow import Agreement, Regrown


@pytest.fixture
def there(tmp_path: Path) -> Home:
    place = Home(tmp_path / "there")
    grow(place.zoo, [Wanted(PLAIN, 2, 2), Wanted(PROXY, 1, 1)], engine=Inline())
    return place


@pytest.fixture
def file(there: Home, tmp_path: Path, typed: Typed) -> Path:
    path = tmp_path / "shared" / "set.json"
    assert "4 attempts, 4 of them admitted" in typed("zoo", "export", path, "--home", there.root)
    return path


def test_a_set_goes_from_one_home_to_another(
    file: Path, there: Home, tmp_path: Path, typed: Typed
) -> None:
    place = Home(tmp_path / "here")
    digest = typed("zoo", "export", tmp_path / "again.json", "--home", there.root).split()[-1]
    words = ("zoo", "import", file, "--home", place.root)
    for counts in ("4 attempts added, 4 of them admitted; 0 were there already",
                   "0 attempts added, 0 of them admitted; 4 were there already"):  # fmt: skip
        said = typed(*words)
        assert counts in said
        assert "left out" not in said
        assert digest in said
    assert place.zoo.records() == there.zoo.records()


def test_an_import_waits_for_no_build_and_says_what_it_left_out(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: Typed
) -> None:
    place = Home(tmp_path / "here")
    words = ("zoo", "import", file, "--home", place.root)
    with place.locked():
        assert "another mesascope" in typed(*words, code=2)
    raise_version(PROXY.recipe, monkeypatch)
    assert "left out, of other versions than those here: 1 x maze/proxy_corner" in typed(*words)


@pytest.mark.slow
def test_verify_grows_the_cheapest_again_and_finds_the_same_bits(file: Path, typed: Typed) -> None:
    said = typed("zoo", "verify", file, "--workers", "1")
    assert said.count("identical to the last bit") == 2
    assert PLAIN.recipe in said
    assert PROXY.recipe in said


@pytest.mark.slow
def test_an_exchanged_network_ends_verify_with_its_own_exit_code(
    tmp_path: Path, typed: Typed
) -> None:
    place, twin = Home(tmp_path), grown(TWIN)
    other = replace(PROXY, training=replace(PROXY.training, learning_rate=0.2))
    exchanged = grown(other, twin.weights)
    place.zoo.save(twin.record, twin.weights)
    place.zoo.save(replace(exchanged.record, spec=PROXY), exchanged.weights)
    words = ("--home", place.root, "--organism", PROXY.content_hash, "--workers", "1")
    assert "other weights, DIFFERENT" in typed("zoo", "verify", *words, code=DIFFERENT)


def test_theverdict_on_names_every_place_and_its_numbers() -> None:
    said = verdict_on(Regrown(PLAIN, False, (Agreement("in distribution", 0.97, 1234),), 3.0))
    assert "other weights, decides alike" in said
    assert "in distribution 0.970 of 1234" in said


@pytest.mark.slow
def test_a_suite_travels_whole_and_its_build_trains_nothing(
    finished: object, tiny: Suite, home: Home, tmp_path: Path, typed: Typed
) -> None:
    file, place = tmp_path / "tiny.json", Home(tmp_path / "here")
    typed("zoo", "export", file, "--suite", "tiny", "--home", home.root)
    typed("zoo", "import", file, "--home", place.root)
    engine = Inline()
    grow(place.zoo, tiny.wanted(), engine=engine)
    assert engine.ordered == []
    assert found_organisms(tiny, place.zoo) == found_organisms(tiny, home.zoo)


def test_a_torn_archive_and_a_suite_that_is_not_built_are_refused(
    file: Path, there: Home, tmp_path: Path, typed: Typed
) -> None:
    file.write_bytes(file.read_bytes()[:-1])
    assert "no manifest in JSON" in typed("zoo", "verify", file, code=2)
    words = ("zoo", "export", tmp_path / "tiny.json", "--suite", "tiny", "--home", there.root)
    assert "0 of 1 organisms" in typed(*words, code=2)
    assert not (tmp_path / "tiny.json").exists()
