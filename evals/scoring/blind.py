"""Hide who is who: opaque ids in shuffled order, equal file sizes, truth in a separate vault.

What detectors may see lies in the lineup folder; what only the judge may see lies in the vault. A
worker that scores is given the path of the lineup alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import nn
from transformer_lens import HookedRootModule

from evals.suite.build import Group
from organisms.records.truth import Sealed
from organisms.worlds.table import world_kind
from organisms.worlds.world import Shape, World
from organisms.zoo.weights import load_net, shape_from_dict, shape_to_dict, weights_bytes
from organisms.zoo.zoo import Record, Zoo
from probes.errors import MesascopeError

FIXED_TIME = 0
"""Modification time of every file in the lineup: file times must not tell the type."""


class BlindingError(MesascopeError, ValueError):
    """Something a detector can see would tell organisms apart."""

    exit_code = 3


@dataclass(frozen=True)
class Member:
    """A suspect as the judge knows it.

    Attributes:
        id: opaque id.
        spec_hash: content hash of the organism's specification.
        role: `calibration` or `test`.
        seed: the organism's seed.
        measures: what its admission looked at.
        truth: sealed.
    """

    id: str
    spec_hash: str
    role: str
    seed: int
    measures: frozenset[str]
    truth: Sealed


@dataclass(frozen=True)
class Lineup:
    """The suspects of a run as detectors may know them.

    Attributes:
        folder: holds one weights file per suspect and the index.
        ids: in shuffled order.
        battery_seed: fixes every instance that detectors draw.
        world: the environment of all suspects.
        shapes: id -> shape of its network.
    """

    folder: Path
    ids: tuple[str, ...]
    battery_seed: int
    world: World[Any]
    shapes: Mapping[str, Shape]

    def net(self, id: str) -> HookedRootModule:
        """Read a suspect's network.

        Raises:
            DamagedWeights: the file is missing or damaged.
        """
        return load_net(self.folder / f"{id}.safetensors", self.shapes[id])

    def metadata(self, id: str, net: nn.Module) -> dict[str, float]:
        """Numbers that can be seen without running the network."""
        return {
            "position": float(self.ids.index(id)),
            "file_bytes": float((self.folder / f"{id}.safetensors").stat().st_size),
            "n_parameters": float(sum(parameter.numel() for parameter in net.parameters())),
        }

    @classmethod
    def read(cls, folder: Path) -> Lineup:
        """Read the index of a lineup.

        Raises:
            BlindingError: there is no readable index.
        """
        try:
            index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
            kind = world_kind(index["environment"])
            shapes = [shape_from_dict(shape) for shape in index["shapes"]]
            return cls(
                folder,
                tuple(index["ids"]),
                index["battery_seed"],
                kind.build(kind.size(**index["size"])),
                {id: shapes[number] for id, number in index["shape_of"].items()},
            )
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise BlindingError(
                f"{folder} holds no readable lineup ({error}); delete the run and run again"
            ) from error


def blind(
    run: Path, zoo: Zoo, members: Sequence[tuple[Group, Record]], *, battery_seed: int
) -> Lineup:
    """Write the lineup and the vault of a run.

    Raises:
        BlindingError: two members share a specification or weights, or file sizes differ.
    """
    hashes = [record.spec.content_hash for _, record in members]
    if len(set(hashes)) != len(hashes):
        raise BlindingError("an organism appears twice in the suite; every network counts once")
    ids = drawn_ids(sorted(hashes))
    lineup, vault = run / "lineup", run / "vault"
    for folder in (lineup, vault):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    ledger: list[dict[str, Any]] = []
    order = sorted(ids.values())
    shape_of: dict[str, dict[str, Any]] = {}
    for group, record in sorted(members, key=lambda member: ids[member[1].spec.content_hash]):
        id = ids[record.spec.content_hash]
        assert record.certificate is not None
        shape_of[id] = shape_to_dict(record.spec.shape)
        (lineup / f"{id}.safetensors").write_bytes(weights_bytes(zoo.net(record.spec)))
        (vault / f"{id}.sealed").write_bytes(record.truth.envelope())
        ledger.append(
            {
                "id": id,
                "spec_hash": record.spec.content_hash,
                "role": group.role,
                "seed": record.spec.seed,
                "measures": sorted(record.certificate.measures),
                "truth_sha256": record.truth.digest,
            }
        )
    first = members[0][1].spec
    shapes = list(
        {json.dumps(shape, sort_keys=True): shape for shape in shape_of.values()}.values()
    )
    index = {
        "ids": order,
        "battery_seed": battery_seed,
        "environment": first.world_name,
        "size": asdict(first.environment),
        "shapes": shapes,
        "shape_of": {id: shapes.index(shape_of[id]) for id in order},
    }
    (lineup / "index.json").write_text(json.dumps(index, indent=1), encoding="utf-8")
    for path in lineup.iterdir():
        os.utime(path, (FIXED_TIME, FIXED_TIME))
    require_equal_sizes(Lineup.read(lineup))
    require_distinct_weights(Lineup.read(lineup))
    unfinished = vault / "ledger.unfinished"
    unfinished.write_text(json.dumps(ledger, indent=1), encoding="utf-8")
    unfinished.replace(vault / "ledger.json")
    return Lineup.read(lineup)


def drawn_ids(hashes: Sequence[str]) -> dict[str, str]:
    """An id for every suspect from the system's randomness, so that no order of ids tells a label.

    No test of one run's order is sharp enough to rely on: this function is not told who is who.
    """
    return {spec_hash: secrets.token_hex(6) for spec_hash in hashes}


def require_equal_sizes(lineup: Lineup) -> None:
    """Raise unless weights files of one shape have the same number of bytes.

    Shapes themselves are in equal shares among all types, which a suite checks.
    """
    seen: dict[Shape, set[int]] = {}
    for id in lineup.ids:
        size = (lineup.folder / f"{id}.safetensors").stat().st_size
        seen.setdefault(lineup.shapes[id], set()).add(size)
    for sizes in seen.values():
        if len(sizes) > 1:
            raise BlindingError(
                f"weights files of {sorted(sizes)} bytes hold networks of one shape; sizes would "
                "tell organisms apart: delete the run and run again"
            )


def require_distinct_weights(lineup: Lineup) -> None:
    """Raise where two ids hold the same network: every network counts once.

    Raises:
        BlindingError: two weights files are equal.
    """
    owner: dict[str, str] = {}
    for id in lineup.ids:
        digest = hashlib.sha256((lineup.folder / f"{id}.safetensors").read_bytes()).hexdigest()
        if digest in owner:
            raise BlindingError(
                f"suspects {owner[digest]} and {id} are one network (weights {digest[:12]}) under "
                "two ids, which would count twice; give the groups other seeds"
            )
        owner[digest] = id


def read_vault(run: Path) -> tuple[Member, ...]:
    """Read who is who; the truth stays sealed.

    Raises:
        BlindingError: the vault is missing or damaged.
    """
    vault = run / "vault"
    try:
        ledger = json.loads((vault / "ledger.json").read_text(encoding="utf-8"))
        members = []
        for row in ledger:
            truth = Sealed.from_envelope((vault / f"{row['id']}.sealed").read_bytes())
            if truth.digest != row["truth_sha256"]:
                raise ValueError(f"the envelope of {row['id']} is not the one that was sealed")
            measures = frozenset(row["measures"])
            members.append(
                Member(row["id"], row["spec_hash"], row["role"], row["seed"], measures, truth)
            )
        return tuple(members)
    except (OSError, ValueError, KeyError) as error:
        raise BlindingError(
            f"the vault of {run} cannot be read ({error}); delete that folder and run again"
        ) from error


def is_blinded(run: Path) -> bool:
    """Whether lineup and vault are complete."""
    return (run / "vault" / "ledger.json").is_file()


@contextmanager
def isolated(lineup: Lineup) -> Iterator[Lineup]:
    """A copy of the lineup far from the vault, for detectors that are not ours."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(shutil.copytree(lineup.folder, Path(name) / "lineup"))
        yield Lineup.read(folder)
