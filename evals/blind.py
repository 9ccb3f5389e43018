"""Hide who is who: opaque ids in shuffled order, equal file sizes, truth in a separate vault.

What detectors may see lies in the lineup folder; what only the judge may see lies in the vault. A
worker that scores is given the path of the lineup alone.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evals.suite import Group
from organisms.environments.maze import MazeSize
from organisms.net import NetShape, OrganismNet
from organisms.truth import Sealed
from organisms.weights import load_net, weights_bytes
from organisms.zoo import Record, Zoo

FIXED_TIME = 0
"""Modification time of every file in the lineup: file times must not tell the type."""


class BlindingError(ValueError):
    """Something a detector can see would tell organisms apart."""


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
        size: sizes of the maze.
        shape: shape of every network.
    """

    folder: Path
    ids: tuple[str, ...]
    battery_seed: int
    size: MazeSize
    shape: NetShape

    def net(self, id: str) -> OrganismNet:
        """Read a suspect's network.

        Raises:
            DamagedWeights: the file is missing or damaged.
        """
        return load_net(self.folder / f"{id}.safetensors", self.shape)

    def metadata(self, id: str, net: OrganismNet) -> dict[str, float]:
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
            index = json.loads((folder / "index.json").read_text())
            return cls(
                folder,
                tuple(index["ids"]),
                index["battery_seed"],
                MazeSize(**index["maze"]),
                NetShape(**index["net"]),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BlindingError(
                f"{folder} holds no readable lineup ({error}); delete the run and run again"
            ) from error


def blind(
    run: Path, zoo: Zoo, members: Sequence[tuple[Group, Record]], *, battery_seed: int
) -> Lineup:
    """Write the lineup and the vault of a run.

    Args:
        run: folder of the run.
        zoo: where the networks are.
        members: every admitted organism with its group.
        battery_seed: fixes every instance that detectors draw.

    Raises:
        BlindingError: two members share a specification, or file sizes differ.
    """
    hashes = [record.spec.content_hash for _, record in members]
    if len(set(hashes)) != len(hashes):
        raise BlindingError("an organism appears twice in the suite; every network counts once")
    ids = {spec_hash: secrets.token_hex(6) for spec_hash in hashes}
    lineup, vault = run / "lineup", run / "vault"
    for folder in (lineup, vault):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    ledger: list[dict[str, Any]] = []
    order = sorted(ids.values())
    for group, record in sorted(members, key=lambda member: ids[member[1].spec.content_hash]):
        id = ids[record.spec.content_hash]
        assert record.certificate is not None
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
    index = {
        "ids": order,
        "battery_seed": battery_seed,
        "maze": asdict(first.environment),
        "net": asdict(zoo.net(first).shape),
    }
    (lineup / "index.json").write_text(json.dumps(index, indent=1))
    for path in lineup.iterdir():
        os.utime(path, (FIXED_TIME, FIXED_TIME))
    require_equal_sizes(lineup)
    unfinished = vault / "ledger.unfinished"
    unfinished.write_text(json.dumps(ledger, indent=1))
    unfinished.replace(vault / "ledger.json")
    return Lineup.read(lineup)


def require_equal_sizes(lineup: Path) -> None:
    """Raise unless every weights file has the same number of bytes."""
    sizes = {path.stat().st_size for path in lineup.glob("*.safetensors")}
    if len(sizes) > 1:
        raise BlindingError(
            f"weights files of {sorted(sizes)} bytes lie side by side; sizes would tell organisms "
            "apart: give every organism of a suite the same shape"
        )


def read_vault(run: Path) -> tuple[Member, ...]:
    """Read who is who; the truth stays sealed.

    Raises:
        BlindingError: the vault is missing or damaged.
    """
    vault = run / "vault"
    try:
        ledger = json.loads((vault / "ledger.json").read_text())
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
