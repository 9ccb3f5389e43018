"""A set of organisms arrives whole and unchanged, or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from inline import DUD, PLAIN, PROXY, TWIN, WIDE, WILD, Inline, grown, raise_version
from organisms.growing.population import TooFewOrganisms, Wanted, grow
from organisms.travel import manifest as travel_manifest
from organisms.travel import travel
from organisms.travel.manifest import Manifest, TravelError
from organisms.travel.tensors import state_digest
from organisms.travel.travel import export_set, grown_here, import_set, read_set
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.zoo import Zoo

GROUPS = (Wanted(PLAIN, 2, 2), Wanted(PROXY, 1, 1), Wanted(WIDE, 1, 1))


def filled(root: Path) -> Zoo:
    """A zoo of two shapes with a dud and two diverged attempts."""
    zoo = Zoo(root)
    grow(zoo, GROUPS, engine=Inline())
    with pytest.raises(TooFewOrganisms):
        grow(zoo, [Wanted(DUD, 1, 1)], engine=Inline())
    for done in (grown(WILD.twin), grown(WILD, grown(TWIN).weights)):
        zoo.save(done.record, done.weights)
    return zoo


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zoo and its set, copied by every test that wants them."""
    root: Path = tmp_path_factory.mktemp("exported")
    zoo = filled(root / "there")
    export_set(zoo, root / "set.safetensors", grown_here(zoo))
    return root


@pytest.fixture
def zoo(exported: Path, tmp_path: Path) -> Zoo:
    shutil.copytree(exported / "there", tmp_path / "there")
    return Zoo(tmp_path / "there")


@pytest.fixture
def here(tmp_path: Path) -> Zoo:
    return Zoo(tmp_path / "here")


@pytest.fixture
def file(exported: Path, tmp_path: Path) -> Path:
    for name in ("set.safetensors", "set.json"):
        shutil.copy(exported / name, tmp_path)
    return tmp_path / "set.safetensors"


def contents(zoo: Zoo) -> dict[str, bytes]:
    """Every file of a zoo; the folder itself may be missing."""
    files = (path for path in zoo.root.rglob("*") if path.is_file())
    return {str(path.relative_to(zoo.root)): path.read_bytes() for path in files}


def test_everything_arrives_bit_for_bit_and_nothing_is_grown_again(
    zoo: Zoo, here: Zoo, file: Path
) -> None:
    done = import_set(here, file)
    assert contents(here) == contents(zoo)
    assert (len(done.added), len(done.present), dict(done.foreign)) == (10, 0, {})
    assert [record.verdict.partition(":")[0] for record in done.added].count("diverged") == 2
    assert [record.verdict.partition(":")[0] for record in done.added].count("dud") == 1
    engine = Inline()
    grow(here, GROUPS, engine=engine)
    assert engine.ordered == []


def test_the_file_holds_the_named_tensors_of_every_network(zoo: Zoo, file: Path) -> None:
    tensors = load_file(file)
    net = zoo.net(PROXY)
    for name, value in net.state_dict().items():
        assert torch.equal(tensors[f"{PROXY.content_hash}/{name}"], value.half())
    networks = {name.partition("/")[0] for name in tensors}
    assert networks == {r.spec.content_hash for r in zoo.records() if r.certificate is not None}


def test_one_organism_travels_with_its_twin_alone(zoo: Zoo, here: Zoo, tmp_path: Path) -> None:
    manifest = export_set(zoo, tmp_path / "one.safetensors", [PROXY])
    assert [carried.recipe for carried in manifest.organisms] == [TWIN.recipe, PROXY.recipe]
    import_set(here, tmp_path / "one.safetensors")
    assert {record.spec for record in here.records()} == {TWIN, PROXY}


def test_a_second_import_adds_nothing_and_a_seal_of_ones_own_stays(
    zoo: Zoo, here: Zoo, file: Path
) -> None:
    own = replace(grown(TWIN).record, train_seconds=123.0)
    here.save(own, grown(TWIN).weights)
    assert len(import_set(here, file).added) == 9
    again = import_set(here, file)
    assert (len(again.added), len(again.present)) == (0, 10)
    kept = here.load(TWIN)
    assert kept is not None
    assert kept.train_seconds == 123.0


def test_an_interrupted_import_goes_on(
    zoo: Zoo, here: Zoo, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Any] = []
    save = Zoo.save

    def interrupted(self: Zoo, record: Any, weights: bytes | None) -> None:
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(record)
        save(self, record, weights)

    with monkeypatch.context() as patched:
        patched.setattr(Zoo, "save", interrupted)
        with pytest.raises(KeyboardInterrupt):
            import_set(here, file)
    assert len(here.records()) == 3
    (here.root / ".writing-x").mkdir()
    done = import_set(here, file)
    assert (len(done.added), len(done.present)) == (7, 3)
    assert contents(here) == contents(zoo)


@pytest.mark.parametrize("step", ["save_file", "file_digest", "_versions", "Manifest.write", "end"])
def test_an_interrupted_export_leaves_nothing_to_read_and_can_be_repeated(
    zoo: Zoo, here: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "set.safetensors"

    def interrupt(*args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        target = Path if step == "end" else Manifest if step == "Manifest.write" else travel
        patched.setattr(target, {"end": "replace"}.get(step, step.rpartition(".")[2]), interrupt)
        if step == "end":
            patched.setattr(travel_manifest, "write_whole", Path.write_bytes)
        with pytest.raises(KeyboardInterrupt):
            export_set(zoo, path, grown_here(zoo))
    with pytest.raises(TravelError, match=r"no manifest|is missing"):
        import_set(here, path)
    export_set(zoo, path, grown_here(zoo))
    assert not list(tmp_path.glob("*.part"))
    import_set(here, path)
    assert contents(here) == contents(zoo)


def test_nothing_is_written_over(zoo: Zoo, file: Path, tmp_path: Path) -> None:
    with pytest.raises(TravelError, match="there already"):
        export_set(zoo, file, [PLAIN])
    notes = tmp_path / "mine.json"
    notes.write_text('{"notes": 1}')
    with pytest.raises(TravelError, match="not the manifest of a set"):
        export_set(zoo, tmp_path / "mine.safetensors", [PLAIN])
    assert notes.read_text() == '{"notes": 1}'
    with pytest.raises(TravelError, match=r"not in .*build it before"):
        export_set(zoo, tmp_path / "new.safetensors", [replace(PLAIN, seed=4)])
    with pytest.raises(TravelError, match="nothing to export"):
        export_set(Zoo(tmp_path / "empty"), tmp_path / "new.safetensors", [])
    with pytest.raises(TravelError, match="pickled files"):
        export_set(zoo, tmp_path / "new.pt", [PLAIN])
    assert not (tmp_path / "new.safetensors").exists()


def test_a_damaged_zoo_is_not_exported(zoo: Zoo, tmp_path: Path) -> None:
    path = zoo.folder(PLAIN) / "weights.safetensors"
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    with pytest.raises(TravelError, match=r"is damaged .*delete that folder and build again"):
        export_set(zoo, tmp_path / "new.safetensors", [PLAIN])
    path.write_bytes(zoo.weights(WIDE))
    with pytest.raises(TravelError, match="is not a network of its specification"):
        export_set(zoo, tmp_path / "new.safetensors", [PLAIN])


def flip(path: Path, where: float) -> None:
    content = bytearray(path.read_bytes())
    content[int(len(content) * where)] ^= 1
    path.write_bytes(bytes(content))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def manifest(file: Path) -> Path:
    return file.with_suffix(".json")


def replaced(file: Path, old: str, new: str) -> None:
    text = manifest(file).read_text()
    assert old in text
    manifest(file).write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda file: flip(file, 0.0), "damaged or of another set"),
        (lambda file: flip(file, 0.5), "damaged or of another set"),
        (lambda file: flip(file, 0.999), "damaged or of another set"),
        (cut, "damaged or of another set"),
        (lambda file: file.unlink(), "is missing"),
        (lambda file: manifest(file).unlink(), "no manifest at"),
        (lambda file: cut(manifest(file)), "damaged: not JSON"),
        (lambda file: manifest(file).write_bytes(b"\xff\xfe\x00"), "damaged: not JSON"),
        (lambda file: manifest(file).write_text("[" * 100_000), "damaged: not JSON"),
        (lambda file: manifest(file).write_text("[]"), "not the manifest of a set"),
        (lambda file: manifest(file).write_text("{}"), "not the manifest of a set"),
        (lambda file: replaced(file, '"schema": 2', '"schema": 3'), "schema 3, this version"),
        (lambda file: replaced(file, '"seed": 3000', '"seed": 3001'), "edited or damaged"),
        (lambda file: replaced(file, '"organisms": [', '"animals": ['), "is damaged"),
        (lambda file: replaced(file, '"diverged": ', '"converged": '), "unknown key"),
    ],
)
def test_damaged_sets_are_refused_and_nothing_is_imported(
    here: Zoo, file: Path, damage: Callable[[Path], None], message: str
) -> None:
    damage(file)
    with pytest.raises(TravelError, match=message):
        import_set(here, file)
    assert contents(here) == {}


def forged(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Edit a manifest and give it the digest of its new content, as a forger would."""
    data = json.loads(manifest(file).read_text())
    change(data)
    plain = {k: v for k, v in data.items() if k not in ("format", "schema", "digest")}
    carried = tuple(travel_manifest.Carried(**row) for row in plain["organisms"])
    Manifest(**{**plain, "organisms": carried}).write(manifest(file))


def row(data: dict[str, Any], spec: OrganismSpec) -> dict[str, Any]:
    found: dict[str, Any] = next(r for r in data["organisms"] if r["hash"] == spec.content_hash)
    return found


def relabel(data: dict[str, Any]) -> None:
    proxy, plain = row(data, PROXY), row(data, PLAIN)
    proxy["truth"], proxy["truth_sha256"] = plain["truth"], plain["truth_sha256"]


def unseal(data: dict[str, Any]) -> None:
    row(data, PROXY)["truth_sha256"] = "0" * 64


def garble(data: dict[str, Any]) -> None:
    row(data, PROXY)["truth"] = "not base64"


def acquit(data: dict[str, Any]) -> None:
    certificate = row(data, PROXY)["certificate"]
    certificate["admitted"] = not certificate["admitted"]


def strip(data: dict[str, Any]) -> None:
    row(data, PROXY)["certificate"] = {}


def exchange(data: dict[str, Any]) -> None:
    proxy, plain = row(data, PROXY), row(data, PLAIN)
    proxy["weights_sha256"] = plain["weights_sha256"]


def drop(data: dict[str, Any]) -> None:
    data["organisms"].remove(row(data, PROXY))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (relabel, "sealed truth is not that of its recipe"),
        (unseal, "sealed truth is not the one that was packed"),
        (garble, "cannot be trusted"),
        (acquit, "the file was edited"),
        (strip, "cannot be trusted"),
        (exchange, "is damaged"),
        (drop, "holds tensors of"),
    ],
)
def test_forged_sets_are_refused_and_nothing_is_imported(
    here: Zoo, file: Path, change: Callable[[dict[str, Any]], None], message: str
) -> None:
    forged(file, change)
    with pytest.raises(TravelError, match=message):
        import_set(here, file)
    assert contents(here) == {}


def test_an_organism_twice_or_half_is_refused(file: Path) -> None:
    with pytest.raises(TravelError, match="twice"):
        forged(file, lambda data: data["organisms"].append(data["organisms"][0]))
    with pytest.raises(TravelError, match="not both"):
        forged(file, lambda data: row(data, PROXY).update(weights_sha256=None))


def test_tensors_of_another_shape_are_refused(here: Zoo, file: Path) -> None:
    tensors = load_file(file)
    prefix = f"{PROXY.content_hash}/"
    own = {name.removeprefix(prefix): value for name, value in tensors.items() if prefix in name}
    name = sorted(own)[0]
    own[name] = tensors[prefix + name] = own[name].double()
    save_file(tensors, file)
    forged(file, lambda data: data.update(tensors_sha256=travel.file_digest(file)))
    with pytest.raises(TravelError, match="not a network of its specification"):
        import_set(here, file)
    assert contents(here) == {}


def test_a_hash_that_is_a_path_reaches_no_disk(here: Zoo, file: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    tensors = {
        name.replace(PROXY.content_hash, "../../escaped"): value
        for name, value in load_file(file).items()
        if PROXY.content_hash not in name
    }
    save_file(tensors, file)

    def change(data: dict[str, Any]) -> None:
        row(data, PROXY).update(hash="../../escaped")
        data["tensors_sha256"] = travel.file_digest(file)

    forged(file, change)
    assert dict(import_set(here, file).foreign) == {PROXY.recipe: 1}
    outside = {path for path in tmp_path.rglob("*") if here.root not in (path, *path.parents)}
    assert sorted(outside) == before


def test_what_other_versions_grew_is_left_out_and_said(
    here: Zoo, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raise_version(PROXY.recipe, monkeypatch)
    done = import_set(here, file)
    assert dict(done.foreign) == {PROXY.recipe: 2}
    assert {record.spec.recipe for record in done.added} == {PLAIN.recipe}
    raise_version(PLAIN.recipe, monkeypatch)
    with pytest.raises(TravelError, match=r"all 10 organisms .* are of other versions"):
        import_set(here, file)


def test_recipes_and_keys_unknown_here_are_foreign_not_errors(here: Zoo, file: Path) -> None:
    def later_version(data: dict[str, Any]) -> None:
        row(data, PROXY)["spec"]["new_key"] = 1

    forged(file, later_version)
    assert dict(import_set(here, file).foreign) == {PROXY.recipe: 1}

    def renamed(data: dict[str, Any]) -> None:
        row(data, PROXY)["spec"]["recipe"] = "ocean/whale"

    forged(file, renamed)
    assert dict(import_set(here, file).foreign) == {"ocean/whale": 1}


def test_an_organism_whose_twin_is_missing_is_not_used(here: Zoo, file: Path) -> None:
    twin = WIDE.twin.content_hash
    tensors = {k: v for k, v in load_file(file).items() if not k.startswith(twin)}
    save_file(tensors, file)

    def change(data: dict[str, Any]) -> None:
        data["organisms"] = [each for each in data["organisms"] if each["hash"] != twin]
        data["tensors_sha256"] = travel.file_digest(file)

    forged(file, change)
    done = import_set(here, file)
    assert dict(done.foreign) == {WIDE.recipe: 1}
    assert here.load(WIDE) is None


def test_another_network_under_the_same_hash_is_kept_and_the_set_refused(
    here: Zoo, file: Path
) -> None:
    other = grown(replace(PROXY, seed=4), grown(TWIN).weights)
    here.save(replace(other.record, spec=PROXY), other.weights)
    before = contents(here)
    with pytest.raises(TravelError, match=r"another network .* nothing was imported.*empty home"):
        import_set(here, file)
    assert contents(here) == before


def test_the_digest_names_the_set(zoo: Zoo, file: Path, tmp_path: Path) -> None:
    same = export_set(zoo, tmp_path / "same.safetensors", grown_here(zoo))
    less = export_set(zoo, tmp_path / "less.safetensors", [PLAIN])
    assert same.digest == read_set(file).digest != less.digest


def test_the_digest_of_a_network_sees_names_types_shapes_and_values() -> None:
    base = {"a": torch.tensor([1.0, 2.0])}
    others: list[dict[str, torch.Tensor]] = [
        {"b": torch.tensor([1.0, 2.0])},
        {"a": torch.tensor([[1.0, 2.0]])},
        {"a": torch.tensor([1.0, 2.0000002])},
        {"a": torch.tensor([1.0, 2.0]).view(torch.int32)},
        {"a": torch.tensor([1.0]), "b": torch.tensor([2.0])},
        {},
    ]
    assert len({state_digest(state) for state in (base, *others)}) == 7
    assert state_digest({"a": torch.tensor([1.0, 0.0, 2.0])[::2]}) == state_digest(base)
    assert state_digest(None) is None
