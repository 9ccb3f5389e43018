"""Runs on the reference set that ship with the package: ids, scores and evidence, no networks."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from evals.running.grow import found_organisms
from evals.running.score import blinded
from evals.scoring.blind import is_blinded, read_vault
from evals.scoring.freeze import DIGEST, TABLE
from evals.suite.home import Home
from evals.suite.suite import Suite
from evals.suite.suite_names import SHIPPED
from organisms.travel.reference import take_reference
from probes.parsing import parse_json
from probes.writing import write_whole

SCORED = ("maze",)
"""Suites whose scores ship; those of `smoke` are made in a minute or two."""

FILES = (TABLE, DIGEST, "evidence.json", "variants/untrained.jsonl", "variants/disguised.jsonl")
"""What is kept of the folder of a run; the networks are those of the reference set."""


def write_reference_run(suite: Suite, home: Home) -> Path:
    """Keep a finished run on the reference set as a file of the package."""
    folder = home.run(suite)
    kept = {
        "suite_hash": suite.content_hash,
        "ids": {member.spec_hash: member.id for member in read_vault(folder)},
        "files": {name: (folder / name).read_text(encoding="utf-8") for name in FILES},
    }
    SHIPPED.mkdir(exist_ok=True)
    path = _shipped(suite.name)
    write_whole(path, gzip.compress(json.dumps(kept).encode(), mtime=0))
    return path


def _shipped(name: str) -> Path:
    return SHIPPED / f"{name}.json.gz"


def read_reference_run(name: str) -> Any:
    """What `write_reference_run` kept for one of `SCORED`: `suite_hash`, `ids` and `files`."""
    path = _shipped(name)
    return parse_json(gzip.decompress(path.read_bytes()), path.name)


def place_reference_run(suite: Suite, home: Home) -> bool:
    """Lay the run that ships for a suite into a home that has none; the caller holds its lock.

    Returns:
        Whether it did: not where a run lies there, or none ships for exactly this suite.

    Raises:
        TravelError: the reference set is damaged, or other networks lie under its identities.
    """
    path, folder = _shipped(suite.name), home.run(suite)
    if is_blinded(folder) or not path.is_file():
        return False
    kept = read_reference_run(suite.name)
    if kept["suite_hash"] != suite.content_hash:
        return False
    take_reference(home.zoo, suite.wanted())
    (folder / "variants").mkdir(parents=True, exist_ok=True)
    for name, text in kept["files"].items():
        write_whole(folder / name, text)
    rows = parse_json(kept["files"][TABLE].encode(), TABLE)
    write_whole(folder / "scores.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    blinded(suite, found_organisms(suite, home.zoo), home.zoo, folder, ids=kept["ids"])
    return True
