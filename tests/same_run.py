"""Whether two runs of one suite came to the same, whatever happened to them on the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from evals.evidence.evidence_file import read_suite_evidence
from evals.scoring.blind import read_vault
from evals.scoring.freeze import read_frozen
from evals.suite.home import Home
from evals.suite.suite import Suite

DRAWN = ("random_score", "metadata")
"""Floors that see an id or a place in the lineup, which every blinding draws anew."""


def weights(home: Home) -> dict[str, bytes]:
    """The network of every organism by hash."""
    return {p.parent.name: p.read_bytes() for p in home.zoo.root.glob("*/weights.safetensors")}


def scores(run: Path) -> dict[tuple[str, str], Any]:
    """Detector and organism -> the frozen score."""
    organisms = {member.id: member.spec_hash for member in read_vault(run)}
    rows = [row for row in read_frozen(run).rows if row.detector not in DRAWN]
    return {(row.detector, organisms[row.suspect]): (row.value, row.parts) for row in rows}


def counts(run: Path) -> dict[str, Any]:
    """What was counted: the population, the cells of every column and its false alarms."""
    evidence = read_suite_evidence(run / "evidence.json")
    columns = [one for one in evidence.columns if one.name.partition("/")[0] not in DRAWN]
    found = {one.name: (one.cells, one.false_alarms, one.limit) for one in columns}
    return {**found, "population": [replace(row, cpu_seconds=0.0) for row in evidence.population]}


def require_same(suite: Suite, one: Home, other: Home) -> None:
    """Fail unless two homes hold the same organisms, scores and counts, and nothing half."""
    assert weights(one) == weights(other)
    assert scores(one.run(suite)) == scores(other.run(suite))
    assert counts(one.run(suite)) == counts(other.run(suite))
    for home in (one, other):
        assert not list(home.root.rglob(".*.part"))
