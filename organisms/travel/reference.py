"""The public reference set: organisms that ship with the package, for development and first looks.

Their truth is published, so whoever wrote a detector may have looked at them. A measurement that is
to count grows organisms of fresh seeds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from pathlib import Path

from organisms.growing.population import Wanted
from organisms.travel.archive import (
    Archive,
    TravelError,
    import_archive,
    networks_of,
    read_archive,
    read_manifest,
)
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.zoo import Record, Zoo

FOLDER = Path(__file__).parent.parent / "reference"
"""One archive per suite; a wheel holds every manifest, and the networks of the smaller ones."""


SET_OF = {
    "maze": "smoke",
    "keys": "keys",
    "tree": "tree",
    "regression": "regression",
    "language": "language",
}
"""World -> the set, and the suite of that name, which stands for it."""


def reference_archive(name: str) -> Path:
    """The archive of that name.

    Raises:
        TravelError: there is none, or its networks are not installed.
    """
    path = FOLDER / f"{name}.json"
    if not path.is_file():
        known = [path.stem for path in _manifests()]
        raise TravelError(f"no reference set {name!r}; there are {known}")
    if not networks_of(path).is_file():
        raise TravelError(
            f"the networks of reference set {name!r} are not in this installation; download "
            f"organisms/reference/{name}.json and {name}.safetensors from the repository and "
            f"`mesascope zoo import {name}.json`"
        )
    return path


def read_reference(name: str) -> Archive:
    """Read and check one archive; raises as `reference_archive` and `read_archive` do."""
    return read_archive(reference_archive(name))


def find_reference(spec: OrganismSpec) -> tuple[Record, bytes] | None:
    """The record and the network of one organism; None where it is not installed, or diverged."""
    place = _places().get(spec.content_hash)
    if place is None or not networks_of(place).is_file():
        return None
    archive = read_archive(place, {spec.content_hash, spec.twin.content_hash})
    record = next(record for record in archive.records if record.spec == spec)
    return (record, archive.weights[spec]) if spec in archive.weights else None


def public_organisms() -> frozenset[str]:
    """Identities of all organisms of the reference set, installed or not."""
    return frozenset(_places())


def sets_of(identities: Iterable[str]) -> dict[str, str]:
    """Name -> digest of the archives that organisms are of; the digest names the version."""
    places = {_places()[each] for each in identities if each in _places()}
    return {path.stem: read_manifest(path)[1] for path in sorted(places)}


def take_reference(
    zoo: Zoo, groups: Iterable[Wanted], *, grow_here: Collection[OrganismSpec] = ()
) -> list[Record]:
    """Put the reference organisms that groups want into a zoo, their twins among them.

    Args:
        grow_here: specifications that are left to be grown.

    Returns:
        The attempts that were not in the zoo before.

    Raises:
        TravelError: an archive is damaged, or the zoo holds another network of the same identity.
        DamagedWeights: a network is damaged.
    """
    wanted: dict[Path, set[str]] = {}
    for group in groups:
        for spec in reference_attempts(group):
            if spec not in grow_here and not zoo.folder(spec).exists():
                identities = {spec.content_hash, spec.twin.content_hash}
                wanted.setdefault(_places()[spec.content_hash], set()).update(identities)
    installed = {path: only for path, only in wanted.items() if networks_of(path).is_file()}
    return [new for path, only in installed.items() for new in import_archive(zoo, path, only)[1]]


def reference_attempts(group: Wanted) -> Sequence[OrganismSpec]:
    """The attempts at a group that are in the reference set, from its first one on."""
    found = []
    for number in range(group.max_attempts):
        spec = group.attempt(number)
        if spec.content_hash not in _places():
            break
        found.append(spec)
    return found


def _manifests() -> list[Path]:
    return sorted(FOLDER.glob("*.json"))


@cache
def _places() -> dict[str, Path]:
    """Identity of an organism -> the archive that holds it."""
    return {
        identity: path for path in _manifests() for identity in read_manifest(path)[0]["organisms"]
    }
