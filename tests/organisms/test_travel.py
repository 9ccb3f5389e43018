"""An archive of organisms arrives whole and unchanged, or not at all."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import torch
from safetensors.torch import load, save

from inline import DUD, PLAIN, PROXY, TWIN, WIDE, WILD, Inline, grown, raise_version
from organisms.growing.population import TooFewOrganisms, Wanted, grow
from organisms.travel import archive as travel
from organisms.travel.archive import TravelError, export_archive, import_archive, networks_of
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import DamagedWeights
from organisms.zoo.zoo import RECORD, SPEC, TRUTH, WEIGHTS, Zoo

MANIFEST = "manifest"
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
    export_archive(zoo, root / "set.json", specs_of(zoo))
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
    for path in exported.glob("set.*"):
        shutil.copy(path, tmp_path)
    return tmp_path / "set.json"


def contents(zoo: Zoo) -> Members:
    """Every file of a zoo; the folder itself may be missing."""
    files = (path for path in zoo.root.rglob("*") if path.is_file())
    return {str(path.relative_to(zoo.root)): path.read_bytes() for path in files}


def unpacked(file: Path) -> Members:
    """The files of every organism, its network among them, and the manifest without them."""
    manifest = json.loads(file.read_bytes())
    members = {
        f"{folder}/{name}": text.encode()
        for folder, files in manifest.pop("organisms").items()
        for name, text in files.items()
    }
    states: dict[str, dict[str, torch.Tensor]] = {}
    for key, value in load(networks_of(file).read_bytes()).items():
        folder, _, name = key.partition("/")
        states.setdefault(folder, {})[name] = value
    members |= {f"{folder}/{WEIGHTS}": save(state) for folder, state in states.items()}
    return {**members, MANIFEST: json.dumps(manifest).encode()}


def packed(file: Path, members: Members) -> None:
    """Write what `unpacked` read, as a forger would who knows the format."""
    organisms: dict[str, dict[str, str]] = {}
    tensors = {}
    for member, content in members.items():
        folder, _, name = member.rpartition("/")
        if name == WEIGHTS:
            tensors |= {f"{folder}/{key}": value for key, value in load(content).items()}
        elif folder:
            organisms.setdefault(folder, {})[name] = content.decode()
    networks = save(tensors)
    manifest = {
        **json.loads(members[MANIFEST]),
        "networks_sha256": hashlib.sha256(networks).hexdigest(),
        "organisms": organisms,
    }
    networks_of(file).write_bytes(networks)
    file.write_text(json.dumps(manifest))


def forged(file: Path, change: Change) -> None:
    members = unpacked(file)
    change(members)
    packed(file, members)


def of(spec: OrganismSpec, name: str) -> str:
    return f"{spec.content_hash}/{name}"


def test_everything_arrives_and_nothing_is_grown_again(zoo: Zoo, here: Zoo, file: Path) -> None:
    archive, new = import_archive(here, file)
    members = unpacked(file)
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


@pytest.mark.parametrize(
    ("owner", "step"), [(travel, "package_versions"), (travel, "write_whole"), (Path, "replace")]
)
def test_an_interrupted_export_leaves_nothing_and_can_be_repeated(
    zoo: Zoo, here: Zoo, tmp_path: Path, owner: Any, step: str
) -> None:
    path = tmp_path / "set.json"
    with patch.object(owner, step, side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        export_archive(zoo, path, specs_of(zoo))
    assert list(tmp_path.glob("set*")) == []
    export_archive(zoo, path, specs_of(zoo))
    import_archive(here, path)
    assert contents(here) == contents(zoo)


def test_nothing_is_written_over_or_left_unfinished(zoo: Zoo, file: Path, tmp_path: Path) -> None:
    before = file.read_bytes()
    new = tmp_path / "new.json"
    for path, specs, message in (
        (file, [PLAIN], "there already"),
        (new, [replace(PLAIN, seed=4)], r"not in .*grow it before"),
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
            export_archive(zoo, tmp_path / "new.json", [PLAIN])
        assert list(tmp_path.glob("new*")) == []


def flip(file: Path, where: float) -> None:
    content = bytearray(file.read_bytes())
    content[int(len(content) * where)] ^= 1
    file.write_bytes(bytes(content))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def spelled(old: str, new: str, file: Path) -> None:
    """Another text in the manifest."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


DAMAGED: list[tuple[Callable[[Path], object], str]] = [
    *(
        (lambda file, where=where: flip(networks_of(file), where), "not the file that")
        for where in (0.0, 0.3, 0.6)
    ),
    (lambda file: cut(networks_of(file)), "not the file that"),
    (lambda file: networks_of(file).unlink(), "without its networks"),
    (lambda file: torch.save({"a": torch.ones(2)}, networks_of(file)), "not the file that"),
    (cut, "no manifest in JSON"),
    (lambda file: file.unlink(), "no archive at"),
    (lambda file: torch.save({"a": torch.ones(2)}, file), "no manifest in JSON"),
    *(
        (lambda file, bad=bad: file.write_bytes(bad), "no manifest in JSON")
        for bad in (b"", b"{", b"\xff\xfe\x00", b"[" * 100_000)
    ),
    *((lambda file, bad=bad: file.write_bytes(bad), "not an archive") for bad in (b"[]", b"{}")),
    (partial(spelled, '"schema": 4', '"schema": 5'), "schema 5, this"),
    (partial(spelled, '"organisms"', '"animals"'), "not files of text"),
    (partial(spelled, '"networks_sha256": "', '"networks_sha256": "0'), "not the file that"),
]


def respelled(old: str, new: str) -> Change:
    """Another text in the specification of an organism."""
    name = of(PROXY, SPEC)

    def change(members: Members) -> None:
        assert old.encode() in members[name]
        members[name] = members[name].replace(old.encode(), new.encode())

    return change


def recorded(**changes: Any) -> Change:
    """Other entries in the record of an organism."""

    def change(members: Members) -> None:
        record = json.loads(members[of(PROXY, RECORD)])
        members[of(PROXY, RECORD)] = json.dumps({**record, **changes}).encode()

    return change


def relabel(members: Members) -> None:
    truth = members[of(PROXY, TRUTH)] = members[of(PLAIN, TRUTH)]
    recorded(truth_sha256=hashlib.sha256(truth).hexdigest())(members)


def acquit(members: Members) -> None:
    certificate = json.loads(members[of(PROXY, RECORD)])["certificate"]
    recorded(certificate={**certificate, "admitted": not certificate["admitted"]})(members)


def widen(members: Members) -> None:
    state = load(members[of(PROXY, WEIGHTS)])
    members[of(PROXY, WEIGHTS)] = save({name: value.double() for name, value in state.items()})


FORGED: list[tuple[Change, str]] = [
    (relabel, "sealed truth is not that of its recipe"),
    (recorded(truth_sha256="0" * 64), "sealed truth is not the one that was stored"),
    (lambda members: members.update({of(PROXY, TRUTH): b"?"}), "cannot be trusted"),
    (acquit, "the file was edited"),
    (recorded(certificate={}), "cannot be trusted"),
    (recorded(certificate=None), "not both"),
    (lambda members: members.pop(of(PROXY, WEIGHTS)), "not both"),
    (lambda m: m.update({of(PROXY, WEIGHTS): m[of(WIDE, WEIGHTS)]}), "another shape"),
    (widen, "float16"),
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
    forged(file, change)
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
    same = export_archive(zoo, tmp_path / "same.json", specs_of(zoo))
    less = export_archive(zoo, tmp_path / "less.json", [PROXY])
    assert same.digest == travel.read_archive(file).digest != less.digest
    assert [r.spec for r in import_archive(here, tmp_path / "less.json")[1]] == [TWIN, PROXY]
