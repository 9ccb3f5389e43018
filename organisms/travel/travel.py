"""Sets of organisms that travel: one safetensors file and its manifest, out of a zoo and into one.

An organism travels under its identity, the hash of its specification and of the versions that grew
it. Only what has the same identity here is taken in: nothing else could ever be served.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import save_file

from organisms.records.versions import package_version
from organisms.travel.manifest import Carried, Manifest, TravelError
from organisms.travel.tensors import (
    AGAIN,
    carried_state,
    file_digest,
    serialised,
    state_digest,
    stored_state,
    tensor_name,
    tensor_owners,
)
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.zoo import Record, Zoo


@dataclass(frozen=True)
class Imported:
    """What became of a set.

    Attributes:
        manifest: of the set.
        added: attempts that are new in the zoo.
        present: attempts that were there already, with the same network.
        foreign: recipe -> attempts of other versions, which were left out.
    """

    manifest: Manifest
    added: tuple[Record, ...]
    present: tuple[Record, ...]
    foreign: Mapping[str, int]


def manifest_path(path: Path) -> Path:
    """Where the manifest of a set lies.

    Raises:
        TravelError: the set's file does not end in .safetensors.
    """
    if path.suffix != ".safetensors":
        raise TravelError(
            f"{path} does not end in .safetensors; pickled files (.pt, .pth, .bin) can run code "
            "when they are read and are refused"
        )
    return path.with_suffix(".json")


def grown_here(zoo: Zoo) -> list[OrganismSpec]:
    """Specifications of the attempts in a zoo that have the present versions."""
    specs = dict.fromkeys(record.spec for record in zoo.records())
    return [spec for spec in specs if zoo.folder(spec).exists()]


def export_set(zoo: Zoo, path: Path, specs: Iterable[OrganismSpec]) -> Manifest:
    """Write attempts and their twins; an interruption leaves nothing that could be read.

    Args:
        zoo: where they are.
        path: of the safetensors file, which must not exist; the manifest goes beside it.
        specs: which attempts.

    Raises:
        TravelError: the file is there, nothing is to be written, or an attempt is missing or
            damaged.
        ZooError: the folder of an attempt is damaged.
    """
    beside = manifest_path(path)
    if path.exists():
        raise TravelError(f"{path} is there already; delete it or choose another name")
    if beside.exists():
        Manifest.read(beside)
    closed = dict.fromkeys(each for spec in specs for each in (spec.twin, spec))
    if not closed:
        raise TravelError(f"nothing to export in {zoo.root}; build a suite first")
    carried, tensors = [], {}
    for spec in closed:
        record = zoo.load(spec)
        if record is None:
            raise TravelError(
                f"{spec.recipe} seed {spec.seed} is not in {zoo.root}; build it before you export"
            )
        state = stored_state(zoo, record)
        carried.append(Carried.pack(record, state_digest(state)))
        for name, value in (state or {}).items():
            tensors[tensor_name(spec.content_hash, name)] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    save_file(tensors, part)
    manifest = Manifest(file_digest(part), _versions(), tuple(carried))
    manifest.write(beside)
    part.replace(path)
    return manifest


def read_set(path: Path) -> Manifest:
    """Check a set as a whole; its networks are checked one by one as they are read.

    Raises:
        TravelError: a file is missing, damaged, or of another set.
    """
    beside = manifest_path(path)
    manifest = Manifest.read(beside)
    if not path.is_file():
        raise TravelError(f"{path} is missing; an export was interrupted or one file left behind")
    if file_digest(path) != manifest.tensors_sha256:
        raise TravelError(f"{path} is damaged or of another set than {beside}; {AGAIN}")
    owners = {carried.hash for carried in manifest.organisms if carried.weights_sha256}
    strangers = sorted(tensor_owners(path) - owners)
    if strangers:
        raise TravelError(f"{path} holds tensors of {strangers[0]!r}, no organism of {beside}")
    return manifest


def read_whole(path: Path) -> list[tuple[Record, bytes | None]]:
    """Every usable attempt of a set with its serialised network, all checked.

    Raises:
        TravelError: the set is damaged, or all of it is of other versions.
    """
    attempts = []
    for carried in usable(read_set(path), path):
        record = carried.record()
        attempts.append((record, serialised(carried_state(path, carried, record.spec))))
    return attempts


def import_set(zoo: Zoo, path: Path) -> Imported:
    """Take a set into a zoo; everything is checked before anything is written.

    An interruption leaves whole organisms; the next import goes on from there.

    Raises:
        TravelError: the set is damaged, all of it is of other versions, or the zoo holds
            another network under the same hash.
    """
    manifest = read_set(path)
    native = usable(manifest, path)
    zoo.clear_unfinished()
    new, present = [], []
    for carried in native:
        record = carried.record()
        digest = state_digest(carried_state(path, carried, record.spec))
        known = zoo.load(record.spec)
        if known is None:
            new.append((carried, record))
        elif state_digest(stored_state(zoo, known)) == digest:
            present.append(known)
        else:
            raise TravelError(
                f"{zoo.folder(record.spec)} holds another network than {path} under the same "
                "hash, as another machine may grow; it was kept and nothing was imported: "
                "import into an empty home"
            )
    for carried, record in new:
        zoo.save(record, serialised(carried_state(path, carried, record.spec)))
    foreign = Counter(each.recipe for each in manifest.organisms)
    foreign -= Counter(each.recipe for each in native)
    return Imported(manifest, tuple(record for _, record in new), tuple(present), foreign)


def usable(manifest: Manifest, path: Path) -> tuple[Carried, ...]:
    """The attempts of a set that have the same identity here.

    Raises:
        TravelError: there are none.
    """
    native = manifest.native()
    if not native:
        here = package_version("mesascope")
        raise TravelError(
            f"all {len(manifest.organisms)} organisms of {path} are of other versions "
            f"(mesascope {manifest.versions.get('mesascope')}, here {here}); "
            "nothing here could use them: install the version that grew them, or build your own"
        )
    return native


def _versions() -> dict[str, str]:
    names = ("mesascope", "torch", "transformer-lens", "safetensors", "numpy")
    return {
        **{name: package_version(name) for name in names},
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
    }
