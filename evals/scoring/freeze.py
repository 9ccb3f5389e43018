"""Freeze the score table and hash it before any truth is opened."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from evals.scoring.blind import Member
from evals.scoring.score_table import FreezeBroken, Row
from organisms.records.truth import GroundTruth


@dataclass(frozen=True)
class Frozen:
    """A score table that can no longer change unnoticed.

    Attributes:
        digest: SHA-256 of its bytes.
    """

    path: Path
    digest: str
    rows: tuple[Row, ...]

    def open(self, members: Sequence[Member]) -> dict[str, GroundTruth]:
        """Break the seals, id -> truth, after checking that the table on disk is unchanged.

        Raises:
            FreezeBroken: the table changed, or does not hold every member for every detector.
        """
        verify(self.path, self.digest)
        suspects = {member.id for member in members}
        if len(suspects) != len(members):
            raise FreezeBroken("a suspect is listed twice; every network counts once")
        for detector in {row.detector for row in self.rows}:
            scored = [row.suspect for row in self.rows if row.detector == detector]
            if len(scored) != len(set(scored)) or set(scored) != suspects:
                raise FreezeBroken(
                    f"{detector} has {len(scored)} scores of {len(set(scored))} suspects, the "
                    f"lineup has {len(suspects)}; score every suspect exactly once before opening"
                )
        return {member.id: member.truth.open() for member in members}


def freeze(rows: Sequence[Row], folder: Path) -> Frozen:
    """Write the table and, beside it, its digest."""
    ordered = sorted(rows, key=lambda row: (row.detector, row.suspect))
    text = json.dumps([asdict(row) for row in ordered], indent=1)
    digest = hashlib.sha256(text.encode()).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "scores.json"
    path.write_text(text, encoding="utf-8")
    (folder / "scores.sha256").write_text(f"{digest}  {path.name}\n", encoding="utf-8")
    return Frozen(path, digest, tuple(ordered))


def require_unchanged(rows: Sequence[Row], folder: Path) -> None:
    """Raise `FreezeBroken` if rows contradict a table that was frozen in the folder before.

    A score may be new or of another version; the same version cannot give another score.
    """
    if not (folder / "scores.sha256").is_file():
        return
    frozen = {(row.detector, row.suspect, row.key): row for row in read_frozen(folder).rows}
    for row in rows:
        before = frozen.get((row.detector, row.suspect, row.key), row)
        if before != row:
            raise FreezeBroken(
                f"the score of {row.detector} for {row.suspect} was {before.value} when it was "
                f"frozen and is {row.value} now; delete {folder} and run again"
            )


def read_frozen(folder: Path) -> Frozen:
    """Read a frozen table.

    Raises:
        FreezeBroken: table or digest are missing, or do not fit each other.
    """
    path = folder / "scores.json"
    try:
        digest = (folder / "scores.sha256").read_text(encoding="utf-8").split()[0]
    except (OSError, IndexError):
        raise FreezeBroken(
            f"{folder} holds no frozen scores; truth stays sealed until `mesascope run` has frozen "
            "them"
        ) from None
    verify(path, digest)
    rows = tuple(Row(**row) for row in json.loads(path.read_text(encoding="utf-8")))
    return Frozen(path, digest, rows)


def verify(path: Path, digest: str) -> None:
    """Raise `FreezeBroken` unless the file has the digest."""
    found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no file"
    if found != digest:
        raise FreezeBroken(
            f"{path} was changed after the freeze (digest {found[:12]}, frozen {digest[:12]}); "
            "delete it and run again"
        )
