"""Hide who is who: opaque ids in shuffled order, equal file sizes, truth in a separate vault.

What detectors may see lies in the lineup folder; what only the judge may see lies in the vault. A
worker that scores is given the path of the lineup alone.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from torch import nn
from transformer_lens import HookedRootModule

from evals.scoring.lineup_files import Entry, Index
from evals.suite.build import Group
from organisms.records.strict import strict
from organisms.records.truth import Sealed
from organisms.records.typed import validated, validated_rows
from organisms.worlds.table import world_kind
from organisms.worlds.world import Shape, World
from organisms.zoo.weights import load_net, shape_from_dict, shape_to_dict, weights_bytes
from organisms.zoo.zoo import Record, Zoo
from probes.errors import MesascopeError
from probes.parsing import parse_json
from probes.writing import write_folder

FIXED_TIME = 0
"""Modification time of every file in the lineup: file times must not tell the type."""


class BlindingError(MesascopeError, ValueError):
    """Something a detector can see would tell organisms apart."""

    exit_code = 3


class LineupDamaged(BlindingError):
    """Files of a lineup or of a vault that are not what was written."""

    exit_code = 2


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
            LineupDamaged: there is no readable index.
        """
        try:
            text = (folder / "index.json").read_bytes()
            index = validated(Index, parse_json(text, "index.json"), LineupDamaged)
            kind = world_kind(index.environment)
            shapes = [shape_from_dict(shape) for shape in index.shapes]
            return cls(
                folder,
                index.ids,
                index.battery_seed,
                kind.build(strict(kind.size, index.size, "size")),
                {id: shapes[place] for id, place in index.shape_of.items()},
            )
        except (OSError, ValueError) as error:
            raise LineupDamaged(
                f"{folder} holds no readable lineup ({error}); delete the run and run again"
            ) from error


def blind(
    run: Path,
    zoo: Zoo,
    members: Sequence[tuple[Group, Record]],
    *,
    battery_seed: int,
    ids: Mapping[str, str] | None = None,
) -> Lineup:
    """Write the lineup and the vault of a run.

    Args:
        ids: specification -> opaque id, of a lineup that was blinded before; drawn if None.

    Raises:
        BlindingError: two members share a specification or weights, or file sizes differ.
    """
    hashes = [record.spec.content_hash for _, record in members]
    if len(set(hashes)) != len(hashes):
        raise BlindingError("an organism appears twice in the suite; every network counts once")
    drawn = drawn_ids(sorted(hashes)) if ids is None else ids
    named = {drawn[record.spec.content_hash]: (group, record) for group, record in members}
    lineup, vault = run / "lineup", run / "vault"
    for folder in (vault, lineup):
        shutil.rmtree(folder, ignore_errors=True)
    write_folder(lineup, _lineup_files(named, zoo, battery_seed), modified=FIXED_TIME)
    require_equal_sizes(Lineup.read(lineup))
    require_distinct_weights(Lineup.read(lineup))
    write_folder(vault, _vault_files(named))
    return Lineup.read(lineup)


def _lineup_files(
    members: Mapping[str, tuple[Group, Record]], zoo: Zoo, battery_seed: int
) -> Iterator[tuple[str, str | bytes]]:
    """Name and content of what detectors may see of members by id."""
    shape_of: dict[str, dict[str, Any]] = {}
    for id, (_, record) in sorted(members.items()):
        shape_of[id] = shape_to_dict(record.spec.shape)
        yield f"{id}.safetensors", weights_bytes(zoo.net(record.spec))
    first = next(iter(members.values()))[1].spec
    shapes = list(
        {json.dumps(shape, sort_keys=True): shape for shape in shape_of.values()}.values()
    )
    index = {
        "ids": list(shape_of),
        "battery_seed": battery_seed,
        "environment": first.world_name,
        "size": asdict(first.environment),
        "shapes": shapes,
        "shape_of": {id: shapes.index(shape) for id, shape in shape_of.items()},
    }
    yield "index.json", json.dumps(index, indent=1)


def _vault_files(
    members: Mapping[str, tuple[Group, Record]],
) -> Iterator[tuple[str, str | bytes]]:
    """Name and content of what only the judge may see of members by id."""
    ledger: list[dict[str, Any]] = []
    for id, (group, record) in sorted(members.items()):
        assert record.certificate is not None
        yield f"{id}.sealed", record.truth.envelope()
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
    yield "ledger.json", json.dumps(ledger, indent=1)


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
        LineupDamaged: the vault is missing or damaged.
    """
    vault = run / "vault"
    try:
        ledger = parse_json((vault / "ledger.json").read_bytes(), "ledger.json")
        members = []
        for row in validated_rows(Entry, ledger, LineupDamaged):
            truth = Sealed.from_envelope((vault / f"{row.id}.sealed").read_bytes())
            if truth.digest != row.truth_sha256:
                raise LineupDamaged(f"the envelope of {row.id} is not the one that was sealed")
            members.append(Member(row.id, row.spec_hash, row.role, row.seed, row.measures, truth))
        return tuple(members)
    except (OSError, ValueError) as error:
        raise LineupDamaged(
            f"the vault of {run} cannot be read ({error}); delete that folder and run again"
        ) from error


def is_blinded(run: Path) -> bool:
    """Whether lineup and vault are complete."""
    return (run / "vault" / "ledger.json").is_file()


def discard(run: Path) -> None:
    """Delete a run, first of all what says that it is blinded: a kill leaves none that seems so."""
    (run / "vault" / "ledger.json").unlink(missing_ok=True)
    shutil.rmtree(run)
