"""Organisms as one file that travels: a zip archive of their folders, with a digest of every file.

An organism travels in the folder that the zoo keeps, named by its identity. Only what has the same
identity here is taken in: nothing else could ever be served.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_STORED, BadZipFile, ZipFile

import torch
from safetensors.torch import load

from organisms.records.provenance import package_version, package_versions
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import net_of, weights_bytes
from organisms.zoo.zoo import SPEC, WEIGHTS, Record, Zoo, files_of, record_of
from probes.errors import MesascopeError
from probes.parsing import UnreadableFile, parse_json, parse_toml
from probes.writing import whole_file

FORMAT, SCHEMA, MANIFEST = "mesascope organisms", 3, "manifest.json"
AGAIN = "get the archive again from where it was exported"


class TravelError(MesascopeError, ValueError):
    """An archive that cannot be written or must not be read; the message says what to do."""


@dataclass(frozen=True)
class Archive:
    """What an archive holds, all of it checked.

    Attributes:
        digest: SHA-256 of the manifest and so of every file; it names the set.
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


def export_archive(zoo: Zoo, path: Path, specs: Iterable[OrganismSpec]) -> Archive:
    """Write attempts and their twins to a file that appears whole or not at all.

    Args:
        path: of the archive, which must not exist.

    Raises:
        TravelError: the file is there, nothing is to be written, or an attempt is missing.
        ZooError: the folder of an attempt is damaged.
        DamagedWeights: a network is damaged.
        UnwritableFile: the folder is missing or read-only, or the disk is full.
    """
    if path.exists():
        raise TravelError(f"{path} is there already; delete it or choose another name")
    closed = dict.fromkeys(each for spec in specs for each in (spec.twin, spec))
    if not closed:
        raise TravelError(f"nothing to export in {zoo.root}; build a suite first")
    path.parent.mkdir(parents=True, exist_ok=True)
    digests = {}
    with whole_file(path) as file:
        with ZipFile(file, "w") as archive:
            for spec in closed:
                record = zoo.load(spec)
                if record is None:
                    raise TravelError(
                        f"{spec.recipe} seed {spec.seed} is not in {zoo.root}; build it before you "
                        "export"
                    )
                for name, content in files_of(record, _stored(zoo, record)).items():
                    archive.writestr(f"{spec.content_hash}/{name}", content)
                    digests[f"{spec.content_hash}/{name}"] = _sha256(content)
            head = {"format": FORMAT, "schema": SCHEMA, "made_with": package_versions()}
            archive.writestr(MANIFEST, json.dumps({**head, "files": digests}, indent=1))
        file.flush()
        return read_archive(Path(file.name))


def _stored(zoo: Zoo, record: Record) -> bytes | None:
    """The network of an attempt in the encoding of the present versions."""
    return None if record.certificate is None else weights_bytes(zoo.net(record.spec))


def import_archive(zoo: Zoo, path: Path) -> tuple[Archive, list[Record]]:
    """Take attempts into a zoo; everything is checked before anything is written.

    An interruption leaves whole organisms; the next import goes on from there.

    Returns:
        What the archive holds, and the attempts that were not in the zoo.

    Raises:
        TravelError: the archive is damaged, all of it is of other versions, or the zoo holds
            another network under the same identity.
        DamagedWeights: a network is damaged, there or here.
    """
    archive = read_archive(path)
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


def read_archive(path: Path) -> Archive:
    """Read and check an archive; nothing in it is unpickled or names a path.

    Raises:
        TravelError: it is missing, damaged, forged, of another schema or of something else, or
            all of it is of other versions.
        DamagedWeights: a network is not one of its specification.
    """
    members, digest, made_with = _contents(path)
    folders: dict[str, dict[str, bytes]] = {}
    for member, content in members.items():
        folder, _, name = member.rpartition("/")
        folders.setdefault(folder, {})[name] = content
    recipes, specs = {}, {}
    for folder, files in folders.items():
        recipes[folder], spec = _recipe_and_spec(files)
        if spec is not None and spec.content_hash == folder:
            specs[folder] = spec
    usable = {name: spec for name, spec in specs.items() if spec.twin.content_hash in specs}
    if not usable:
        raise TravelError(
            f"all {len(folders)} organisms of {path} are of other versions (made with {made_with}, "
            f"here mesascope {package_version('mesascope')}); nothing here could use them: install "
            "the version that grew them, or build your own"
        )
    records, weights = [], {}
    for folder, spec in usable.items():
        where = f"organism {folder} ({spec.recipe}) of {path}"
        record = _record(folders[folder], where)
        records.append(record)
        if record.certificate is not None:
            weights[spec] = _network(folders[folder][WEIGHTS], spec, where)
    foreign = Counter(recipe for folder, recipe in recipes.items() if folder not in usable)
    return Archive(digest, tuple(records), weights, foreign)


def _contents(path: Path) -> tuple[dict[str, bytes], str, object]:
    """Member -> content, the digest of the manifest, and the versions that it names."""
    try:
        with ZipFile(path) as archive:
            members = archive.infolist()
            if any(member.compress_type != ZIP_STORED for member in members):
                raise BadZipFile("a file in it is compressed")
            if len({member.filename for member in members}) < len(members):
                raise BadZipFile("a file is in it twice")
            contents = {member.filename: archive.read(member) for member in members}
    except FileNotFoundError:
        raise TravelError(f"no archive at {path}") from None
    except (BadZipFile, OSError, EOFError, ValueError, RuntimeError) as error:
        raise TravelError(f"{path} is not a whole zip archive ({error}); {AGAIN}") from error
    text = contents.pop(MANIFEST, b"{}")
    try:
        manifest = parse_json(text, "it")
    except UnreadableFile as error:
        raise TravelError(f"the manifest in {path} is not JSON ({error}); {AGAIN}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise TravelError(f"{path} is not an archive of organisms: it has no manifest of one")
    if manifest.get("schema") != SCHEMA:
        raise TravelError(
            f"{path} has schema {manifest.get('schema')!r}, this version reads {SCHEMA}; use the "
            "version of mesascope that wrote it"
        )
    if manifest.get("files") != {name: _sha256(content) for name, content in contents.items()}:
        raise TravelError(f"{path} is damaged: its files are not those of its manifest; {AGAIN}")
    return contents, _sha256(text), manifest.get("made_with")


def _recipe_and_spec(files: Mapping[str, bytes]) -> tuple[str, OrganismSpec | None]:
    """The recipe as it was called where it was grown, and the specification if it is one here."""
    table = {}
    try:
        table = parse_toml(files[SPEC], SPEC)
        spec = OrganismSpec.from_dict(table)
        spec.build_recipe()
    except (KeyError, ValueError):
        return str(table.get("recipe", "an unknown recipe")), None
    return spec.recipe, spec


def _record(files: Mapping[str, bytes], where: str) -> Record:
    """The record in a folder; its truth must be the one that its recipe has."""
    try:
        record = record_of(files)
        if record.truth.open() != record.spec.build_recipe().truth:
            raise ValueError("the sealed truth is not that of its recipe")
        if (record.certificate is None) != (WEIGHTS not in files):
            raise ValueError("it has a certificate or a network, not both")
    except ValueError as error:
        raise TravelError(f"{where} cannot be trusted: {error}; {AGAIN}") from error
    return record


def _network(weights: bytes, spec: OrganismSpec, where: str) -> bytes:
    """A network in the encoding of the present versions, once it is known to be whole."""
    net = net_of(weights, spec.shape, where=where, remedy=AGAIN)
    if any(value.dtype != torch.float16 for value in load(weights).values()):
        raise TravelError(f"{where} is not stored in half precision; {AGAIN}")
    return weights_bytes(net)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
