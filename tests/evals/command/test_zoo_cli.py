"""`mesascope zoo export|import|verify`: what is printed, which exit code, what lies on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evals.command.zoo import DIFFERENT, _verdict, zoo
from evals.running.grow import found_organisms
from evals.suite.home import Home, HomeBusy
from evals.suite.suite import Suite
from inline import PLAIN, PROXY, TWIN, Inline, grown, raise_version
from organisms.growing.population import Wanted, grow
from organisms.travel.archive import TravelError
from organisms.travel.regrow import Agreement, Regrown


def call(*arguments: str | Path) -> tuple[int, str]:
    """Exit code and output; an error that the real command would explain is raised."""
    done = CliRunner().invoke(zoo, [str(a) for a in arguments], catch_exceptions=False)
    return done.exit_code, done.output


@pytest.fixture
def there(tmp_path: Path) -> Home:
    place = Home(tmp_path / "there")
    grow(place.zoo, [Wanted(PLAIN, 2, 2), Wanted(PROXY, 1, 1)], engine=Inline())
    return place


@pytest.fixture
def file(there: Home, tmp_path: Path) -> Path:
    path = tmp_path / "shared" / "set.zip"
    assert call("export", path, "--home", there.root)[0] == 0
    return path


def test_a_set_goes_from_one_home_to_another(there: Home, tmp_path: Path) -> None:
    file, place = tmp_path / "new" / "set.zip", Home(tmp_path / "here")
    code, said = call("export", file, "--home", there.root)
    assert code == 0
    assert "4 attempts, 4 of them admitted" in said
    digest = said.rpartition(" ")[2].strip()
    for counts in ("4 attempts added, 4 of them admitted; 0 were there already",
                   "0 attempts added, 0 of them admitted; 4 were there already"):  # fmt: skip
        code, said = call("import", file, "--home", place.root)
        assert code == 0
        assert counts in said
        assert "left out" not in said
        assert digest in said
    assert place.zoo.records() == there.zoo.records()


def test_an_import_waits_for_no_build_and_says_what_it_left_out(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Home(tmp_path / "here")
    with place.locked(), pytest.raises(HomeBusy, match="another mesascope"):
        call("import", file, "--home", place.root)
    raise_version(PROXY.recipe, monkeypatch)
    said = call("import", file, "--home", place.root)[1]
    assert "left out, of other versions than those here: 1 x maze/proxy_corner" in said


@pytest.mark.slow
def test_verify_grows_the_cheapest_again_and_finds_the_same_bits(file: Path) -> None:
    code, said = call("verify", file, "--workers", "1")
    assert code == 0
    lines = said.splitlines()
    assert len(lines) == 2
    assert all("identical to the last bit" in line for line in lines)
    assert {line.split()[1] for line in lines} == {PLAIN.recipe, PROXY.recipe}


def test_verify_checks_the_whole_archive_first(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:-1])
    with pytest.raises(TravelError, match="not a whole zip archive"):
        call("verify", file)


@pytest.mark.slow
def test_an_exchanged_network_ends_verify_with_its_own_exit_code(tmp_path: Path) -> None:
    place, twin = Home(tmp_path), grown(TWIN)
    other = replace(PROXY, training=replace(PROXY.training, learning_rate=0.2))
    exchanged = grown(other, twin.weights)
    place.zoo.save(twin.record, twin.weights)
    place.zoo.save(replace(exchanged.record, spec=PROXY), exchanged.weights)
    chosen = ("--organism", PROXY.content_hash, "--workers", "1")
    code, said = call("verify", "--home", place.root, *chosen)
    assert code == DIFFERENT
    assert "other weights, DIFFERENT" in said


def test_the_verdict_names_every_place_and_its_numbers() -> None:
    said = _verdict(Regrown(PLAIN, False, (Agreement("in distribution", 0.97, 1234),), 3.0))
    assert "other weights, decides alike" in said
    assert "in distribution 0.970 of 1234" in said


@pytest.mark.slow
def test_a_suite_travels_whole_and_its_build_trains_nothing(
    finished: object, tiny: Suite, home: Home, tmp_path: Path
) -> None:
    file, place = tmp_path / "tiny.zip", Home(tmp_path / "here")
    assert call("export", file, "--suite", "tiny", "--home", home.root)[0] == 0
    assert call("import", file, "--home", place.root)[0] == 0
    engine = Inline()
    grow(place.zoo, tiny.wanted(), engine=engine)
    assert engine.ordered == []
    assert found_organisms(tiny, place.zoo) == found_organisms(tiny, home.zoo)


def test_a_suite_that_is_not_built_is_not_exported(there: Home, tmp_path: Path) -> None:
    file = tmp_path / "tiny.zip"
    with pytest.raises(TravelError, match=r"0 of 1 organisms; `mesascope build --suite tiny`"):
        call("export", file, "--suite", "tiny", "--home", there.root)
    assert not file.exists()
