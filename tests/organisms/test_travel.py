"""An archive of organisms arrives whole and unchanged, or not at all."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import torch
from safetensors.torch import load, save

from inline import DUD, PLAIN, PROXY, TWIN, WIDE, WILD, Inline, grown, raise_version
from organisms.growing.population import TooFewOrganisms, Wanted, grow
from organisms.travel import archive as travel
from organisms.travel.archive import MANIFEST, TravelError, export_archive, import_archive
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import DamagedWeights
from organisms.zoo.zoo import RECORD, SPEC, TRUTH, WEIGHTS, Zoo

GROUPS = (Wanted(PLAIN, 2, 2), Wanted(PROXY, 1, 1), Wanted(WIDE, 1, 1))
Members = dict[str, bytes]
Change = Callable[[Members], object]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zoo of two shapes with a dud and two diverged attempts, and its archive."""
    root: Path = tmp_path_factory.mktemp("exported")
    zoo = Zoo(root / "there")
    grow(zoo, GROUPS, engine=Inline())
    with pytest.raises(TooFewOrganisms):
        grow(zoo, [Wanted(DUD, 1, 1)], engine=Inline())
    for done in (grown(WILD.twin), grown(WILD, grown(TWIN).weights)):
        zoo.save(done.record, done.weights)
    export_archive(zoo, root / "set.zip", specs_of(zoo))
    return root


def specs_of(zoo: Zoo) -> list[OrganismSpec]:
    return [record.spec for record in travel.grown_here(zoo)]


@pytest.fixture
def zoo(exported: Path, tmp_path: Path) -> Zoo:
    shutil.copytree(exported / "there", tmp_path / "there")
    return Zoo(tmp_path / "there")


@pytest.fixture
def here(tmp_path: Path) -> Zoo:
    return Zoo(tmp_path / "here")


@pytest.fixture
def file(exported: Path, tmp_path: Path) -> Path:
    shutil.copy(exported / "set.zip", tmp_path)
    return tmp_path / "set.zip"


def contents(zoo: Zoo) -> Members:
    """Every file of a zoo; the folder itself may be missing."""
    files = (path for path in zoo.root.rglob("*") if path.is_file())
    return {str(path.relative_to(zoo.root)): path.read_bytes() for path in files}


def unzipped(file: Path) -> Members:
    with ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(file: Path, members: Members, compression: int = zipfile.ZIP_STORED) -> None:
    with ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def edited(file: Path, change: Change, *, forged: bool) -> None:
    """Edit an archive; a forger makes its digests right again."""
    members = unzipped(file)
    change(members)
    if forged:
        manifest = json.loads(members.pop(MANIFEST))
        manifest["files"] = {name: travel._sha256(content) for name, content in members.items()}
        members[MANIFEST] = json.dumps(manifest).encode()
    zipped(file, members)


def of(spec: OrganismSpec, name: str) -> str:
    return f"{spec.content_hash}/{name}"


def test_everything_arrives_and_nothing_is_grown_again(zoo: Zoo, here: Zoo, file: Path) -> None:
    archive, new = import_archive(here, file)
    members = unzipped(file)
    members.pop(MANIFEST)
    assert contents(here) == contents(zoo) == members
    assert (len(new), len(archive.records), dict(archive.foreign)) == (10, 10, {})
    verdicts = [record.verdict.partition(":")[0] for record in new]
    assert (verdicts.count("diverged"), verdicts.count("dud")) == (2, 1)
    engine = Inline()
    grow(here, GROUPS, engine=engine)
    assert engine.ordered == []


def test_a_second_import_adds_nothing_and_a_seal_of_ones_own_stays(here: Zoo, file: Path) -> None:
    own = replace(grown(TWIN).record, train_seconds=123.0)
    here.save(own, grown(TWIN).weights)
    assert len(import_archive(here, file)[1]) == 9
    assert import_archive(here, file)[1] == []
    assert here.load(TWIN) == own


def test_an_interrupted_import_goes_on(zoo: Zoo, here: Zoo, file: Path) -> None:
    save = Zoo.save

    def interrupted(self: Zoo, *arguments: Any) -> None:
        if len(contents(self)) > 9:
            raise KeyboardInterrupt
        save(self, *arguments)

    with patch.object(Zoo, "save", interrupted), pytest.raises(KeyboardInterrupt):
        import_archive(here, file)
    assert len(here.records()) == 3
    (here.root / ".x.part").mkdir()
    assert len(import_archive(here, file)[1]) == 7
    assert contents(here) == contents(zoo)


OF_TRAVEL = [(travel, step) for step in ("package_versions", "read_archive")]


@pytest.mark.parametrize(("owner", "step"), [(ZipFile, "writestr"), *OF_TRAVEL, (Path, "replace")])
def test_an_interrupted_export_leaves_nothing_and_can_be_repeated(
    zoo: Zoo, here: Zoo, tmp_path: Path, owner: Any, step: str
) -> None:
    path = tmp_path / "set.zip"
    with patch.object(owner, step, side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        export_archive(zoo, path, specs_of(zoo))
    assert list(tmp_path.glob("set*")) == []
    export_archive(zoo, path, specs_of(zoo))
    import_archive(here, path)
    assert contents(here) == contents(zoo)


def test_nothing_is_written_over_or_left_unfinished(zoo: Zoo, file: Path, tmp_path: Path) -> None:
    before = file.read_bytes()
    new = tmp_path / "new.zip"
    for path, specs, message in (
        (file, [PLAIN], "there already"),
        (new, [replace(PLAIN, seed=4)], r"not in .*build it before"),
        (new, [], "nothing to export"),
    ):
        with pytest.raises(TravelError, match=message):
            export_archive(zoo, path, specs)
    assert file.read_bytes() == before
    assert list(tmp_path.glob("new*")) == []


def test_a_damaged_zoo_is_not_exported(zoo: Zoo, tmp_path: Path) -> None:
    for damaged, said in (
        (zoo.weights(PLAIN)[:-9], "not a complete safetensors"),
        (zoo.weights(WIDE), "another shape"),
    ):
        (zoo.folder(PLAIN) / WEIGHTS).write_bytes(damaged)
        with pytest.raises(DamagedWeights, match=said):
            export_archive(zoo, tmp_path / "new.zip", [PLAIN])
        assert list(tmp_path.glob("new*")) == []


def flip(file: Path, where: float) -> None:
    content = bytearray(file.read_bytes())
    content[int(len(content) * where)] ^= 1
    file.write_bytes(bytes(content))


def twice(file: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"), ZipFile(file, "a") as archive:
        archive.writestr(of(PROXY, SPEC), b"")


DAMAGED: list[tuple[Callable[[Path], object], str]] = [
    *((partial(flip, where=where), "not a whole zip archive") for where in (0.0, 0.3, 0.6)),
    (lambda file: file.write_bytes(file.read_bytes()[:-100]), "not a whole zip archive"),
    (lambda file: file.write_bytes(b""), "not a whole zip archive"),
    (lambda file: file.unlink(), "no archive at"),
    (twice, "twice"),
    (lambda file: zipped(file, unzipped(file), ZIP_DEFLATED), "compressed"),
    (lambda file: torch.save({"a": torch.ones(2)}, file), "not an archive of organisms"),
]


def put(name: str, content: bytes) -> Change:
    """Another content of a file."""
    return lambda members: members.update({name: content})


def respelled(old: str, new: str, name: str = of(PROXY, SPEC)) -> Change:
    """Another text in a file."""

    def change(members: Members) -> None:
        assert old.encode() in members[name]
        members[name] = members[name].replace(old.encode(), new.encode())

    return change


EDITED: list[tuple[Change, str]] = [
    (lambda members: members.pop(MANIFEST), "not an archive of organisms"),
    (put(MANIFEST, b"[]"), "not an archive of organisms"),
    *((put(MANIFEST, bad), "not JSON") for bad in (b"{", b"\xff\xfe\x00", b"[" * 100_000)),
    (respelled('"schema": 3', '"schema": 4', MANIFEST), "schema 4, this"),
    (respelled('"files"', '"animals"', MANIFEST), "its files are not those"),
    (respelled("3000", "3001"), "its files are not those"),
    (lambda members: members.pop(of(PROXY, WEIGHTS)), "its files are not those"),
    (put("x/y", b""), "its files are not those"),
]


def recorded(**changes: Any) -> Change:
    """Other entries in the record of an organism."""

    def change(members: Members) -> None:
        record = json.loads(members[of(PROXY, RECORD)])
        members[of(PROXY, RECORD)] = json.dumps({**record, **changes}).encode()

    return change


def relabel(members: Members) -> None:
    truth = members[of(PROXY, TRUTH)] = members[of(PLAIN, TRUTH)]
    recorded(truth_sha256=travel._sha256(truth))(members)


def acquit(members: Members) -> None:
    certificate = json.loads(members[of(PROXY, RECORD)])["certificate"]
    recorded(certificate={**certificate, "admitted": not certificate["admitted"]})(members)


def widen(members: Members) -> None:
    state = load(members[of(PROXY, WEIGHTS)])
    members[of(PROXY, WEIGHTS)] = save({name: value.double() for name, value in state.items()})


FORGED: list[tuple[Change, str]] = [
    (relabel, "sealed truth is not that of its recipe"),
    (recorded(truth_sha256="0" * 64), "sealed truth is not the one that was stored"),
    (put(of(PROXY, TRUTH), b"?"), "cannot be trusted"),
    (acquit, "the file was edited"),
    (recorded(certificate={}), "cannot be trusted"),
    (recorded(certificate=None), "not both"),
    (lambda members: members.pop(of(PROXY, WEIGHTS)), "not both"),
    (lambda m: m.update({of(PROXY, WEIGHTS): m[of(WIDE, WEIGHTS)]}), "another shape"),
    (widen, "float16"),
]
REFUSED = DAMAGED + [
    (partial(edited, change=change, forged=forged), word)
    for forged, changes in ((False, EDITED), (True, FORGED))
    for change, word in changes
]


@pytest.mark.parametrize(("damage", "word"), REFUSED)
def test_damaged_and_forged_archives_are_refused_and_nothing_is_imported(
    here: Zoo, file: Path, damage: Callable[[Path], None], word: str
) -> None:
    damage(file)
    with pytest.raises((TravelError, DamagedWeights), match=word):
        import_archive(here, file)
    assert contents(here) == {}


def test_what_other_versions_grew_is_left_out_and_said(
    here: Zoo, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raise_version(PROXY.recipe, monkeypatch)
    archive, new = import_archive(here, file)
    assert dict(archive.foreign) == {PROXY.recipe: 2}
    assert {record.spec.recipe for record in new} == {PLAIN.recipe}
    raise_version(PLAIN.recipe, monkeypatch)
    with pytest.raises(TravelError, match=r"all 10 organisms .* are of other versions"):
        import_archive(here, file)


def orphan(members: Members) -> None:
    for name in [name for name in members if name.startswith(WIDE.twin.content_hash)]:
        del members[name]


def escape(members: Members) -> None:
    for name in [name for name in members if PROXY.content_hash in name]:
        members[name.replace(PROXY.content_hash, "../escaped")] = members.pop(name)


@pytest.mark.parametrize(
    ("change", "recipe"),
    [
        (respelled("seed = 3000", "seed = 3000\nnew_key = 1"), PROXY.recipe),
        (respelled(PROXY.recipe, "ocean/whale"), "ocean/whale"),
        (respelled("recipe", "]"), "an unknown recipe"),
        (respelled("trigger_parts = 7", "trigger_parts = 99"), PROXY.recipe),
        (orphan, WIDE.recipe),
        (escape, PROXY.recipe),
    ],
)
def test_what_is_unknown_here_lacks_its_twin_or_is_named_like_a_path_is_foreign_not_an_error(
    here: Zoo, file: Path, tmp_path: Path, change: Change, recipe: str
) -> None:
    edited(file, change, forged=True)
    before = set(tmp_path.rglob("*"))
    archive, new = import_archive(here, file)
    assert dict(archive.foreign) == {recipe: 1}
    assert len({PROXY, WIDE} - {record.spec for record in new}) == 1
    assert set(tmp_path.rglob("*")) == before | {here.root, *here.root.rglob("*")}


def test_another_network_under_the_same_hash_refuses_the_archive(here: Zoo, file: Path) -> None:
    other = grown(replace(PROXY, seed=4), grown(TWIN).weights)
    here.save(replace(other.record, spec=PROXY), other.weights)
    before = contents(here)
    with pytest.raises(TravelError, match="another network"):
        import_archive(here, file)
    assert contents(here) == before


def test_one_organism_travels_with_its_twin_and_the_digest_names_the_set(
    zoo: Zoo, here: Zoo, file: Path, tmp_path: Path
) -> None:
    same = export_archive(zoo, tmp_path / "same.zip", specs_of(zoo))
    less = export_archive(zoo, tmp_path / "less.zip", [PROXY])
    assert same.digest == travel.read_archive(file).digest != less.digest
    assert [r.spec for r in import_archive(here, tmp_path / "less.zip")[1]] == [TWIN, PROXY]
