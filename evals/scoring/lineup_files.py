"""What lies in the index of a lineup and in the ledger of a vault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from evals.suite.build import Role
from organisms.records.typed import Count
from probes.network.streams import MAX_SEED

Id = Annotated[str, Field(pattern=r"^\w+$")]
"""Of a suspect: it names files, so it is no path."""

Seed = Annotated[int, Field(ge=0, lt=MAX_SEED)]


@dataclass(frozen=True)
class Index:
    """What lies in `index.json` of a lineup; `shape_of` tells the place of a shape in `shapes`."""

    ids: tuple[Id, ...]
    battery_seed: Seed
    environment: str
    size: dict[str, Any]
    shapes: tuple[dict[str, Any], ...]
    shape_of: dict[Id, Count]

    def __post_init__(self) -> None:
        if len(set(self.ids)) != len(self.ids) or set(self.ids) != set(self.shape_of):
            raise ValueError("every suspect has one id and one shape; these do not")
        if any(place >= len(self.shapes) for place in self.shape_of.values()):
            raise ValueError(f"a suspect's shape is none of {len(self.shapes)}")


@dataclass(frozen=True)
class Entry:
    """A suspect in `ledger.json` of a vault."""

    id: Id
    spec_hash: str
    role: Role
    seed: Seed
    measures: frozenset[str]
    truth_sha256: str
