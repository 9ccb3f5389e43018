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
from organisms.records.typed import validated_rows
from probes.parsing import UnreadableFile, parse_json
from probes.writing import write_whole

TABLE, DIGEST = "scores.json", "scores.sha256"


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
    """Write the table and, beside it, its digest; a kill leaves the old table or the new one."""
    ordered = sorted(rows, key=lambda row: (row.detector, row.suspect))
    text = json.dumps([asdict(row) for row in ordered], indent=1)
    digest = hashlib.sha256(text.encode()).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / TABLE
    line = f"{digest}  {path.name}\n"
    if (before := _digest_there(folder)) is not None:
        write_whole(folder / DIGEST, f"{line}{before}  {path.name}\n")  # while one replaces another
    write_whole(path, text)
    write_whole(folder / DIGEST, line)
    return Frozen(path, digest, tuple(ordered))


def require_unchanged(rows: Sequence[Row], folder: Path) -> None:
    """Raise `FreezeBroken` if rows contradict a table that was frozen in the folder before.

    A score may be new or of another version; the same version cannot give another score.
    """
    if not (folder / DIGEST).is_file():
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
    path = folder / TABLE
    digest = _digest_there(folder)
    if digest is None:
        raise FreezeBroken(
            f"{folder} holds no frozen scores; truth stays sealed until `mesascope run` has frozen "
            "them"
        )
    verify(path, digest)
    try:
        rows = validated_rows(Row, parse_json(path.read_bytes(), "it"), FreezeBroken)
    except (FreezeBroken, UnreadableFile) as error:
        raise FreezeBroken(
            f"{path} is no score table ({error}); delete {folder} and run again"
        ) from error
    return Frozen(path, digest, rows)


def _digest_there(folder: Path) -> str | None:
    """The digest that a folder's table was frozen with, None where nothing was frozen.

    Where a kill left two, that of the table; the newer one where it is of neither.
    """
    try:
        digests = (folder / DIGEST).read_text("ascii", "replace").split()[::2]
    except OSError:
        return None
    found = _digest_of(folder / TABLE)
    return found if found in digests else next(iter(digests), None)


def _digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no file"


def verify(path: Path, digest: str) -> None:
    """Raise `FreezeBroken` unless the file has the digest."""
    found = _digest_of(path)
    if found != digest:
        raise FreezeBroken(
            f"{path} was changed after the freeze (digest {found[:12]}, frozen {digest[:12]}); "
            "delete it and run again"
        )
