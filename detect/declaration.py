"""What a detector declares, without its code: safe to hand to whoever judges it."""

from __future__ import annotations

import hashlib
import inspect
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from detect.contract.detector import Question, Role
from detect.registry import DETECTORS, load_detector
from probes.network.access import Access


@dataclass(frozen=True)
class Declaration:
    """The class attributes of a detector, and where its class is found.

    Attributes:
        reference: registry name, `package.module:Class`, or `path/to/file.py:Class`.
        name, question, access, role, measures, parts, part_measures, cost: of the class.
        version: of the class. Of a detector from elsewhere it is the digest of its file, which
            does not cover what that file imports; of a class without a file it is new each time.
        twin: whether it also asks for a trusted twin.
    """

    reference: str
    name: str
    question: Question
    access: Access
    role: Role
    measures: frozenset[str]
    parts: tuple[str, ...]
    part_measures: Mapping[str, frozenset[str]]
    cost: float
    version: str
    twin: bool

    @property
    def access_words(self) -> str:
        """What it is given, in words."""
        return f"{self.access.label} and a twin" if self.twin else self.access.label

    def score_key(self, battery_seed: int, device: str) -> str:
        """What, besides the suspect, a finished score is kept under; 16 hexadecimal digits."""
        parts = f"{self.name}:{self.version}:{battery_seed}:{device}"
        return hashlib.sha256(parts.encode()).hexdigest()[:16]


def declare(reference: str) -> Declaration:
    """Import a detector and read what it declares; call it in a worker where others wrote it.

    Raises:
        DetectorError: nothing is there, it does not import, or it does not keep the contract.
    """
    kind = load_detector(reference)
    return Declaration(
        reference=reference,
        name=kind.name,
        question=kind.question,
        access=kind.access,
        role=kind.role,
        measures=kind.measures,
        parts=tuple(kind.parts),
        part_measures=dict(kind.part_measures),
        cost=float(kind.cost),
        version=str(kind.version) if reference in DETECTORS else _file_version(kind),
        twin=kind.needs_twin,
    )


def _file_version(kind: type) -> str:
    """Digest of the file; of a class typed into a session one that no other declaration has."""
    try:
        written = Path(inspect.getfile(kind)).read_bytes()
    except (OSError, TypeError):
        written = secrets.token_bytes()
    return hashlib.sha256(kind.__qualname__.encode() + written).hexdigest()


def declared(detector: str | Declaration) -> Declaration:
    """A declaration as it is, a reference declared."""
    return detector if isinstance(detector, Declaration) else declare(detector)
