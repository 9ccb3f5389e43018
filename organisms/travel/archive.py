"""Organisms that travel: a manifest in JSON and, beside it, their networks in one safetensors file.

An organism travels as the files that the zoo keeps, under its identity. Only what has the same
identity here is taken in: nothing else could ever be served.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from organisms.records.provenance import package_version, package_versions
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import net_of, weights_bytes
from organisms.zoo.zoo import SPEC, Record, Zoo, files_of, record_of
from probes.errors import MesascopeError
from probes.parsing import UnreadableFile, parse_json, parse_toml
from probes.writing import whole_file, write_whole

FORMAT, SCHEMA = "mesascope organisms", 4
AGAIN = "get the archive again from where it was exported"

Files = dict[str, bytes]


class TravelError(MesascopeError, ValueError):
    """An archive that cannot be written or must not be read; the message says what to do."""


@dataclass(frozen=True)
class Archive:
    """What an archive holds, all of it checked.

    Attributes:
        digest: SHA-256 of the manifest and so of every network; it names the set.
        records: attempts that have the same identity here, duds and diverged ones included.
        weights: their serialised networks; none where training diverged.
        foreign: recipe -> attempts of other versions, which are of no use here.
    """

    digest: str
    records: tuple[Record, ...]
    weights: Mapping[OrganismSpec, bytes]
    foreign: Mapping[str, int]


def grown_here(zoo: Zoo) -> list[Record]:
    """The attempts in a zoo that have the present versions."""
    specs = dict.fromkeys(record.spec for record in zoo.records())
    return [record for record in map(zoo.load, specs) if record is not None]


def networks_of(path: Path) -> Path:
    """The file of networks that lies beside the manifest of an archive."""
    return path.with_suffix(".safetensors")


def export_archive(zoo: Zoo, path: Path, specs: Iterable[OrganismSpec]) -> Archive:
    """Write attempts and their twins; the manifest comes last, and without it there is no archive.

    Args:
        path: of the manifest, which ends in .json and must not exist.

    Raises:
        TravelError: a file is there, nothing is to be written, or an attempt is missing.
        ZooError: the folder of an attempt is damaged.
        DamagedWeights: a network is damaged.
        UnwritableFile: the folder is missing or read-only, or the disk is full.
    """
    if path.suffix != ".json":
        raise TravelError(f"an archive is called by its manifest, such as set.json; got {path}")
    for taken in (path, networks_of(path)):
        if taken.exists():
            raise TravelError(f"{taken} is there already; delete it or choose another name")
    closed = dict.fromkeys(each for spec in specs for each in (spec.twin, spec))
    if not closed:
        raise TravelError(f"nothing to export in {zoo.root}; grow a suite first")
    organisms: dict[str, dict[str, str]] = {}
    tensors: dict[str, Tensor] = {}
    for spec in closed:
        record = zoo.load(spec)
        if record is None:
            raise TravelError(
                f"{spec.recipe} seed {spec.seed} is not in {zoo.root}; grow it before you export"
            )
        files = files_of(record, None)
        organisms[spec.content_hash] = {name: text.decode() for name, text in files.items()}
        if record.certificate is not None:
            state = load(weights_bytes(zoo.net(spec)))
            tensors |= {f"{spec.content_hash}/{name}": value for name, value in state.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    networks = save(tensors)
    manifest = {
        "format": FORMAT,
        "schema": SCHEMA,
        "made_with": package_versions(),
        "networks_sha256": _sha256(networks),
        "organisms": organisms,
    }
    with whole_file(networks_of(path)) as file:
        file.write(networks)
    try:
        write_whole(path, json.dumps(manifest, indent=1))
    except BaseException:
        networks_of(path).unlink()
        raise
    return read_archive(path)


def import_archive(
    zoo: Zoo, path: Path, only: Collection[str] | None = None
) -> tuple[Archive, list[Record]]:
    """Take attempts into a zoo; everything is checked before anything is written.

    An interruption leaves whole organisms; the next import goes on from there.

    Args:
        only: identities of the organisms wanted, whose twins are among them; all if None.

    Returns:
        What the archive holds, and the attempts that were not in the zoo.

    Raises:
        TravelError: the archive is damaged, all of it is of other versions, or the zoo holds
            another network under the same identity.
        DamagedWeights: a network is damaged, there or here.
    """
    archive = read_archive(path, only)
    zoo.clear_unfinished()
    new = []
    for record in archive.records:
        known = zoo.load(record.spec)
        if known is None:
            new.append(record)
        elif _stored(zoo, known) != archive.weights.get(record.spec):
            raise TravelError(
                f"{zoo.folder(record.spec)} holds another network than {path} under the same "
                "hash, as another machine may grow; it was kept and nothing was imported: "
                "import into an empty home"
            )
    for record in new:
        zoo.save(record, archive.weights.get(record.spec))
    return archive, new


def _stored(zoo: Zoo, record: Record) -> bytes | None:
    """The network of an attempt in the encoding of the present versions."""
    return None if record.certificate is None else weights_bytes(zoo.net(record.spec))


def read_archive(path: Path, only: Collection[str] | None = None) -> Archive:
    """Read and check an archive; nothing in it is unpickled or names a path.

    Args:
        path: of its manifest.
        only: identities of the organisms wanted; all if None.

    Raises:
        TravelError: it is missing, damaged, forged, of another schema or of something else, or
            all of it is of other versions.
        DamagedWeights: a network is not one of its specification.
    """
    manifest, digest = read_manifest(path)
    folders = {
        folder: files
        for folder, files in _organisms(manifest, path).items()
        if only is None or folder in only
    }
    networks = _networks(path, str(manifest.get("networks_sha256")))
    recipes, specs = {}, {}
    for folder, files in folders.items():
        recipes[folder], spec = _recipe_and_spec(files)
        if spec is not None and spec.content_hash == folder:
            specs[folder] = spec
    usable = {name: spec for name, spec in specs.items() if spec.twin.content_hash in specs}
    if not usable:
        raise TravelError(
            f"all {len(folders)} organisms of {path} are of other versions (made with "
            f"{manifest.get('made_with')}, here mesascope {package_version('mesascope')}); nothing "
            "here could use them: install the version that grew them, or grow your own"
        )
    records, weights = [], {}
    for folder, spec in usable.items():
        where = f"organism {folder} ({spec.recipe}) of {path}"
        record = _record(folders[folder], where, has_network=folder in networks)
        records.append(record)
        if record.certificate is not None:
            weights[spec] = _network(networks[folder], spec, where)
    foreign = Counter(recipe for folder, recipe in recipes.items() if folder not in usable)
    return Archive(digest, tuple(records), weights, foreign)


def read_manifest(path: Path) -> tuple[dict[str, Any], str]:
    """The manifest of an archive, and its digest, before any network is read.

    Raises:
        TravelError: it is missing, no JSON, of another schema or of something else.
    """
    try:
        text = path.read_bytes()
        manifest = parse_json(text, "it")
    except FileNotFoundError:
        raise TravelError(f"no archive at {path}") from None
    except (OSError, UnreadableFile) as error:
        raise TravelError(f"{path} is no manifest in JSON ({error}); {AGAIN}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise TravelError(f"{path} is not an archive of organisms: it has no manifest of one")
    if manifest.get("schema") != SCHEMA:
        raise TravelError(
            f"{path} has schema {manifest.get('schema')!r}, this version reads {SCHEMA}; use the "
            "version of mesascope that wrote it"
        )
    return manifest, _sha256(text)


def _organisms(manifest: Mapping[str, Any], path: Path) -> dict[str, Files]:
    """Identity -> the files of an organism but its network."""
    organisms = manifest.get("organisms")
    if not isinstance(organisms, dict) or not all(
        isinstance(files, dict) and all(isinstance(text, str) for text in files.values())
        for files in organisms.values()
    ):
        raise TravelError(f"the organisms in {path} are not files of text; {AGAIN}")
    return {
        folder: {name: text.encode(errors="replace") for name, text in files.items()}
        for folder, files in organisms.items()
    }


def _networks(path: Path, digest: str) -> dict[str, dict[str, Tensor]]:
    """Identity -> the tensors of an organism's network by name."""
    place = networks_of(path)
    try:
        content = place.read_bytes()
    except FileNotFoundError:
        raise TravelError(
            f"{path} lies without its networks: put {place.name} beside it; {AGAIN}"
        ) from None
    except OSError as error:
        raise TravelError(f"{place} cannot be read: {error}") from error
    if _sha256(content) != digest:
        raise TravelError(f"{place} is damaged: it is not the file that {path} names; {AGAIN}")
    try:
        tensors = load(content)
    except (SafetensorError, ValueError, KeyError) as error:
        raise TravelError(f"{place} is not a whole safetensors file ({error}); {AGAIN}") from error
    networks: dict[str, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        folder, _, name = key.partition("/")
        networks.setdefault(folder, {})[name] = value
    return networks


def _recipe_and_spec(files: Files) -> tuple[str, OrganismSpec | None]:
    """The recipe as it was called where it was grown, and the specification if it is one here."""
    table = {}
    try:
        table = parse_toml(files[SPEC], SPEC)
        spec = OrganismSpec.from_dict(table)
        spec.build_recipe()
    except (KeyError, ValueError):
        return str(table.get("recipe", "an unknown recipe")), None
    return spec.recipe, spec


def _record(files: Files, where: str, *, has_network: bool) -> Record:
    """The record in a folder; its truth must be the one that its recipe has."""
    try:
        record = record_of(files)
        if record.truth.open() != record.spec.build_recipe().truth:
            raise ValueError("the sealed truth is not that of its recipe")
        if (record.certificate is not None) != has_network:
            raise ValueError("it has a certificate or a network, not both")
    except ValueError as error:
        raise TravelError(f"{where} cannot be trusted: {error}; {AGAIN}") from error
    return record


def _network(state: dict[str, Tensor], spec: OrganismSpec, where: str) -> bytes:
    """A network in the encoding of the present versions, once it is known to be whole."""
    return weights_bytes(net_of(save(state), spec.shape, where=where, remedy=AGAIN))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
