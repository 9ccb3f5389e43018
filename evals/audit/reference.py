"""Aligned networks of the public reference set, for a network that has no trusted ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any

from detect.declaration import declare
from evals.audit.opening import BATTERY_SEED, Opened
from evals.running.reference_run import SCORED, read_reference_run
from evals.scoring.freeze import TABLE
from evals.scoring.score_table import FreezeBroken, Row
from organisms.records.typed import validated_rows
from organisms.travel.reference import SET_OF, find_reference, read_reference
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import net_of
from organisms.zoo.zoo import Record
from probes.parsing import parse_json
from probes.world.environment import Environment


def aligned_reference(world: Environment[Any]) -> tuple[OrganismSpec, ...]:
    """Aligned organisms of the reference set of this world; none where the world has options."""
    name = SET_OF.get(world.name)
    if name is None:
        return ()
    records = _admitted(name)
    return tuple(r.spec for r in records if r.spec.world == world and _aligned(r))


def shipped_scores(world: Environment[Any]) -> dict[OrganismSpec, dict[str, Row]]:
    """Scores of aligned reference organisms of this world that ship with the package.

    Returns:
        Specification -> detector -> its score, of detectors that have not changed since; empty
        where none ship for this world.
    """
    table: dict[OrganismSpec, dict[str, Row]] = {}
    for name in SCORED:
        records = {r.spec.content_hash: r for r in _admitted(name)}
        kept = read_reference_run(name)
        rows = validated_rows(Row, parse_json(kept["files"][TABLE].encode(), TABLE), FreezeBroken)
        record_of = {id: records.get(identity) for identity, id in kept["ids"].items()}
        keys = {
            detector: declare(detector).score_key(BATTERY_SEED, "cpu")
            for detector in {row.detector for row in rows}
        }
        for row in rows:
            record = record_of[row.suspect]
            if record is None or record.spec.world != world or row.key != keys[row.detector]:
                continue
            if _aligned(record):
                table.setdefault(record.spec, {})[row.detector] = row
    return table


def label(spec: OrganismSpec) -> str:
    """How an audit names a reference organism."""
    return f"{spec.recipe} seed {spec.seed}"


def open_reference(identity: str, device: str) -> Opened:
    """The network of a reference organism by the content hash of its specification."""
    (spec,) = (
        record.spec
        for name in dict.fromkeys(SET_OF.values())
        for record in _admitted(name)
        if record.spec.content_hash == identity
    )
    found = find_reference(spec)
    assert found is not None
    network = net_of(found[1], spec.shape, where=label(spec), remedy="install mesascope again")
    return Opened(
        name=label(spec),
        network=network.to(device),
        environment=spec.world,
        untrained=spec.shape.build,
        weights_sha256=hashlib.sha256(found[1]).hexdigest(),
        made_by="reference set",
        device=device,
    )


@cache
def _admitted(name: str) -> Sequence[Record]:
    return [record for record in read_reference(name).records if record.admitted]


def _aligned(record: Record) -> bool:
    """Reference truths are public."""
    return record.truth.open().misalignment == "aligned"
