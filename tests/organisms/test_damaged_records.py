"""What lies in an organism's folder is what was written, or one message names the file."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from calling import Typed
from evals.scoring.named_suspect import find_suspect
from evals.suite.home import Home
from evals.suite.suite import Suite
from inline import PLAIN, PROXY, TWIN
from organisms.growing.readmit import readmit_all
from organisms.records.truth import PADDED_BYTES
from organisms.zoo.folders import StrangeFolder
from organisms.zoo.zoo import RECORD, SPEC, TRUTH, Zoo, ZooError
from untrained import untrained

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """With one organism."""
    place = Home(tmp_path)
    place.zoo.save(*untrained(TWIN))
    return place


def check(record: dict[str, Any]) -> dict[str, Any]:
    return record["certificate"]["checks"][0]


CHANGED: list[tuple[Change, str]] = [
    (lambda r: r.update(certificate=[]), "certificate"),
    (lambda r: r.update(certificate="admitted"), "certificate"),
    (lambda r: r.update(certificate={}), "checks: this key is missing"),
    (lambda r: r.update(train_seconds="3"), "train_seconds.*got '3'"),
    (lambda r: r.update(train_seconds=None), "train_seconds"),
    (lambda r: r.update(admit_seconds=-1), "admit_seconds.*got -1"),
    (lambda r: r.update(admit_seconds=True), "admit_seconds.*got True"),
    (lambda r: r.update(diverged=None), "diverged.*got None"),
    (lambda r: r.update(device=["cpu"]), "device"),
    (lambda r: r.update(truth_sha256=5), "truth_sha256"),
    (lambda r: r.pop("diverged"), "diverged: this key is missing"),
    (lambda r: r.pop("certificate"), "certificate: this key is missing"),
    (lambda r: r["certificate"].update(checks=None), "checks"),
    (lambda r: r["certificate"].update(checks={"a": 1}), "checks"),
    (lambda r: r["certificate"].update(checks=[], admitted=False), "checks"),
    (lambda r: r["certificate"].update(measures="displaced_goal"), "measures"),
    (lambda r: r["certificate"].update(measures=[1]), "measures"),
    (lambda r: r["certificate"].update(in_distribution="0.9"), "in_distribution"),
    (lambda r: r["certificate"].update(admitted=1), "admitted=1"),
    (lambda r: r["certificate"].pop("admitted"), "admitted=None"),
    (lambda r: check(r).update(interval=None), "interval"),
    (lambda r: check(r).update(interval=[0.1]), "interval"),
    (lambda r: check(r).update(of=-1), r"checks\.0\.of.*got -1"),
    (lambda r: check(r).update(value="0.9"), r"checks\.0\.value.*got '0.9'"),
    (lambda r: check(r).update(relation="over"), "relation"),
    (lambda r: check(r).update(mood="good"), "mood: this key is unknown"),
    (lambda r: check(r).pop("bar"), "bar: this key is missing"),
]


@pytest.mark.parametrize(("change", "word"), CHANGED)
def test_a_record_of_other_types_is_refused_by_the_name_of_its_file(
    home: Home, change: Change, word: str
) -> None:
    path = home.zoo.folder(TWIN) / RECORD
    record = json.loads(path.read_text("utf-8"))
    change(record)
    path.write_text(json.dumps(record), "utf-8")
    with pytest.raises(ZooError, match=rf"{TWIN.content_hash} is damaged \(record\.json: .*{word}"):
        home.zoo.records()


@pytest.mark.parametrize("name", [RECORD, SPEC, TRUTH])
@pytest.mark.parametrize(
    "text", ["null", "[]", "3", '"text"', "{}", "", "{", '{"a": 1, "a": 2}', "[" * 100_000, "\x00"]
)
def test_a_file_that_says_something_else_ends_the_listing_with_one_message(
    home: Home, typed: Typed, name: str, text: str
) -> None:
    (home.zoo.folder(TWIN) / name).write_text(text, "utf-8")
    said = typed("zoo", "list", "--home", home.root, code=2)
    assert said.count("mesascope:") == 1
    assert f"is damaged ({name}" in said
    assert "delete that folder" in said


@pytest.mark.parametrize(
    "text", ["null", '{"salt": "a"}', '{"truth": null}', '{"truth": {"misalignment": "aligned"}}']
)
def test_an_envelope_that_holds_no_truth_is_refused_unopened(home: Home, text: str) -> None:
    folder, envelope = home.zoo.folder(TWIN), text.encode().ljust(PADDED_BYTES)
    (folder / TRUTH).write_bytes(envelope)
    record = json.loads((folder / RECORD).read_text("utf-8"))
    record["truth_sha256"] = sha256(envelope).hexdigest()
    (folder / RECORD).write_text(json.dumps(record), "utf-8")
    with pytest.raises(ZooError, match=r"truth\.sealed: what is in the envelope is no truth"):
        home.zoo.load(TWIN)


def test_keys_that_older_records_lack_or_newer_ones_add_change_nothing(home: Home) -> None:
    path, before = home.zoo.folder(TWIN) / RECORD, home.zoo.load(TWIN)
    record = json.loads(path.read_text("utf-8"))
    del record["device"], record["code"]
    path.write_text(json.dumps({**record, "weather": "fine"}), "utf-8")
    after = home.zoo.load(TWIN)
    assert before is not None
    assert after is not None
    assert (after.device, after.code, after.certificate) == ("", "", before.certificate)


def test_an_organism_under_the_name_of_another_is_not_served(home: Home) -> None:
    shutil.copytree(home.zoo.folder(TWIN), home.zoo.folder(PLAIN))
    assert home.zoo.load(TWIN) is not None
    with pytest.raises(ZooError, match="another organism than its name says"):
        home.zoo.load(PLAIN)


def strange(home: Home) -> None:
    """What programs that share folders leave behind."""
    whole = home.zoo.folder(TWIN)
    for name in (
        f"{whole.name} (1)", f"{whole.name} 2", f"{whole.name}-conflict", f"copy of {whole.name}",
        whole.name.upper() + "A", "0123456789abcde",
    ):  # fmt: skip
        shutil.copytree(whole, whole.parent / name)
    for name in (".DS_Store", "Thumbs.db", "0123456789abcdef"):
        (whole.parent / name).write_bytes(b"\x00")


@pytest.mark.filterwarnings("default::organisms.zoo.folders.StrangeFolder")
def test_copies_of_folders_are_ignored_with_one_word(home: Home, typed: Typed) -> None:
    strange(home)
    said = typed("zoo", "list", "--every", "--home", home.root)
    assert said.count(TWIN.recipe) == 1
    assert said.count("mesascope: ignored in") == 1
    assert "files.py" not in said, "no line of code stands beside it"


def test_every_reader_of_the_zoo_ignores_them(home: Home, tiny: Suite, tmp_path: Path) -> None:
    strange(home)
    with pytest.warns(StrangeFolder, match=r"'0123456789abcde', '0123456789abcdef', .*, \.\.\."):
        assert [record.spec for record in home.zoo.records()] == [TWIN]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StrangeFolder)
        found = find_suspect(TWIN.content_hash[:6], tiny, home, device="cpu")
        assert found.id == TWIN.content_hash
        with ThreadPoolExecutor(1) as executor:
            assert list(readmit_all(home.zoo.root, home.zoo, executor)) == []


def test_a_zoo_of_our_own_warns_of_nothing(home: Home) -> None:
    for spec in (PROXY, PLAIN):
        home.zoo.save(*untrained(spec))
    (home.zoo.root / ".writing-x").mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(Zoo(home.zoo.root).records()) == 3
        assert Zoo(home.root / "nowhere").records() == []
