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
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import torch
from safetensors.torch import load, save

from inline import DUD, PLAIN, PROXY, TWIN, WIDE, WILD, Inline, grown, raise_version
from organisms.growing.population import TooFewOrganisms, Wanted, grow
from organisms.travel import archive as travel
from organisms.travel.archive import (
    MANIFEST,
    TravelError,
    export_archive,
    grown_here,
    import_archive,
    read_archive,
)
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import DamagedWeights
from organisms.zoo.zoo import RECORD, SPEC, TRUTH, WEIGHTS, Zoo

GROUPS = (Wanted(PLAIN, 2, 2), Wanted(PROXY, 1, 1), Wanted(WIDE, 1, 1))
Members = dict[str, bytes]


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
    return [record.spec for record in grown_here(zoo)]


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


def forged(file: Path, change: Callable[[Members], object]) -> None:
    """Edit an archive and make its digests right again, as a forger would."""
    members = unzipped(file)
    manifest = json.loads(members.pop(MANIFEST))
    change(members)
    manifest["files"] = {name: travel._sha256(content) for name, content in members.items()}
    zipped(file, {**members, MANIFEST: json.dumps(manifest).encode()})


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
    kept = here.load(TWIN)
    assert kept is not None
    assert kept.train_seconds == 123.0


def test_an_interrupted_import_goes_on(
    zoo: Zoo, here: Zoo, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Zoo.save

    def interrupted(self: Zoo, *arguments: Any) -> None:
        if len(contents(self)) > 9:
            raise KeyboardInterrupt
        save(self, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Zoo, "save", interrupted)
        with pytest.raises(KeyboardInterrupt):
            import_archive(here, file)
    assert len(here.records()) == 3
    (here.root / ".x.part").mkdir()
    assert len(import_archive(here, file)[1]) == 7
    assert contents(here) == contents(zoo)


OF_TRAVEL = [(travel, step) for step in ("package_versions", "read_archive")]


@pytest.mark.parametrize(("owner", "step"), [(ZipFile, "writestr"), *OF_TRAVEL, (Path, "replace")])
def test_an_interrupted_export_leaves_nothing_and_can_be_repeated(
    zoo: Zoo, here: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, step: str
) -> None:
    path = tmp_path / "set.zip"

    def interrupt(*args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(owner, step, interrupt)
        with pytest.raises(KeyboardInterrupt):
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


@pytest.mark.parametrize("damage", [lambda content, other: content[:-9], lambda _, other: other])
def test_a_damaged_zoo_is_not_exported(
    zoo: Zoo, tmp_path: Path, damage: Callable[[bytes, bytes], bytes]
) -> None:
    path = zoo.folder(PLAIN) / WEIGHTS
    path.write_bytes(damage(path.read_bytes(), zoo.weights(WIDE)))
    with pytest.raises(DamagedWeights, match=r"not a complete safetensors|another shape"):
        export_archive(zoo, tmp_path / "new.zip", [PLAIN])
    assert list(tmp_path.glob("new*")) == []


def flip(file: Path, where: float) -> None:
    content = bytearray(file.read_bytes())
    content[int(len(content) * where)] ^= 1
    file.write_bytes(bytes(content))


def edited(file: Path, name: str, old: str, new: str) -> None:
    """Edit one file of an archive and leave the digests as they are."""
    content = unzipped(file)[name]
    assert old.encode() in content
    put(file, name, content.replace(old.encode(), new.encode()))


def put(file: Path, name: str, content: bytes | None) -> None:
    """Replace a file of an archive, add it, or leave it out."""
    members = {**unzipped(file), name: content}
    zipped(file, {name: content for name, content in members.items() if content is not None})


def twice(file: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"), ZipFile(file, "a") as archive:
        archive.writestr(of(PROXY, SPEC), b"")


DAMAGED: list[tuple[Callable[[Path], None], str]] = [
    (lambda file: flip(file, 0.0), "not a whole zip archive"),
    (lambda file: flip(file, 0.3), "not a whole zip archive"),
    (lambda file: flip(file, 0.6), "not a whole zip archive"),
    (lambda file: file.write_bytes(file.read_bytes()[:-100]), "not a whole zip archive"),
    (lambda file: file.write_bytes(b""), "not a whole zip archive"),
    (lambda file: file.unlink(), "no archive at"),
    (twice, "twice"),
    (lambda file: zipped(file, unzipped(file), ZIP_DEFLATED), "compressed"),
    (lambda file: torch.save({"a": torch.ones(2)}, file), "not an archive of organisms"),
    (lambda file: put(file, MANIFEST, None), "not an archive of organisms"),
    (lambda file: put(file, MANIFEST, b"[]"), "not an archive of organisms"),
    (lambda file: put(file, MANIFEST, b"{"), "not JSON"),
    (lambda file: put(file, MANIFEST, b"\xff\xfe\x00"), "not JSON"),
    (lambda file: put(file, MANIFEST, b"[" * 100_000), "not JSON"),
    (lambda file: edited(file, MANIFEST, '"schema": 3', '"schema": 4'), "schema 4, this"),
    (lambda file: edited(file, MANIFEST, '"files"', '"animals"'), "its files are not those"),
    (lambda file: edited(file, of(PROXY, SPEC), "3000", "3001"), "its files are not those"),
    (lambda file: put(file, of(PROXY, WEIGHTS), None), "its files are not those"),
    (lambda file: put(file, "x/y", b""), "its files are not those"),
]


def recorded(**changes: Any) -> Callable[[Members], None]:
    """Other entries in the record of an organism."""

    def change(members: Members) -> None:
        record = json.loads(members[of(PROXY, RECORD)])
        members[of(PROXY, RECORD)] = json.dumps({**record, **changes}).encode()

    return change


def relabel(members: Members) -> None:
    members[of(PROXY, TRUTH)] = members[of(PLAIN, TRUTH)]
    digest = json.loads(members[of(PLAIN, RECORD)])["truth_sha256"]
    recorded(truth_sha256=digest)(members)


def acquit(members: Members) -> None:
    certificate = json.loads(members[of(PROXY, RECORD)])["certificate"]
    recorded(certificate={**certificate, "admitted": not certificate["admitted"]})(members)


def widen(members: Members) -> None:
    state = load(members[of(PROXY, WEIGHTS)])
    members[of(PROXY, WEIGHTS)] = save({name: value.double() for name, value in state.items()})


FORGED: list[tuple[Callable[[Members], object], str]] = [
    (relabel, "sealed truth is not that of its recipe"),
    (recorded(truth_sha256="0" * 64), "sealed truth is not the one that was stored"),
    (lambda members: members.update({of(PROXY, TRUTH): b"?"}), "cannot be trusted"),
    (acquit, "the file was edited"),
    (recorded(certificate={}), "cannot be trusted"),
    (recorded(certificate=None), "not both"),
    (lambda members: members.pop(of(PROXY, WEIGHTS)), "not both"),
    (lambda m: m.update({of(PROXY, WEIGHTS): m[of(WIDE, WEIGHTS)]}), "another shape"),
    (widen, "half precision"),
]
REFUSED = DAMAGED + [(partial(forged, change=change), word) for change, word in FORGED]


@pytest.mark.parametrize(("damage", "word"), REFUSED)
def test_damaged_and_forged_archives_are_refused_and_nothing_is_imported(
    here: Zoo, file: Path, damage: Callable[[Path], None], word: str
) -> None:
    damage(file)
    with pytest.raises((TravelError, DamagedWeights), match=word):
        import_archive(here, file)
    assert contents(here) == {}


def test_a_folder_named_like_a_path_reaches_no_disk(here: Zoo, file: Path, tmp_path: Path) -> None:
    def escape(members: Members) -> None:
        for name in [name for name in members if PROXY.content_hash in name]:
            members[name.replace(PROXY.content_hash, "../../escaped")] = members.pop(name)

    before = sorted(tmp_path.rglob("*"))
    forged(file, escape)
    assert dict(import_archive(here, file)[0].foreign) == {PROXY.recipe: 1}
    outside = {path for path in tmp_path.rglob("*") if here.root not in (path, *path.parents)}
    assert sorted(outside) == before


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


def respelled(old: str, new: str) -> Callable[[Members], None]:
    """Another text in a specification."""

    def change(members: Members) -> None:
        members[of(PROXY, SPEC)] = members[of(PROXY, SPEC)].replace(old.encode(), new.encode())

    return change


def orphan(members: Members) -> None:
    for name in [name for name in members if name.startswith(WIDE.twin.content_hash)]:
        del members[name]


@pytest.mark.parametrize(
    ("change", "spec", "recipe"),
    [
        (respelled("seed = 3000", "seed = 3000\nnew_key = 1"), PROXY, PROXY.recipe),
        (respelled(PROXY.recipe, "ocean/whale"), PROXY, "ocean/whale"),
        (respelled("recipe", "]"), PROXY, "an unknown recipe"),
        (respelled("trigger_parts = 7", "trigger_parts = 99"), PROXY, PROXY.recipe),
        (orphan, WIDE, WIDE.recipe),
    ],
)
def test_what_is_unknown_here_or_lacks_its_twin_is_foreign_not_an_error(
    here: Zoo, file: Path, change: Callable[[Members], None], spec: OrganismSpec, recipe: str
) -> None:
    forged(file, change)
    assert dict(import_archive(here, file)[0].foreign) == {recipe: 1}
    assert here.load(spec) is None


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
    assert same.digest == read_archive(file).digest != less.digest
    assert [r.spec for r in import_archive(here, tmp_path / "less.zip")[1]] == [TWIN, PROXY]
