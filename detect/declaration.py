"""What a detector says about itself, apart from its code: safe to hand to whoever judges it."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from detect.detector import Question, Role
from detect.reference_detector import needs_twin
from detect.registry import load_detector
from probes.access import Access


@dataclass(frozen=True)
class Declaration:
    """The class attributes of a detector, and where its class is found.

    Attributes:
        reference: registry name, `package.module:Class`, or `path/to/file.py:Class`.
        name, question, access, role, measures, parts, part_measures, cost: of the class.
        twin: whether it also asks for a trusted twin.
        code: SHA-256 of the file of the class, and not of what that file imports.
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
    code: str
    twin: bool

    @property
    def access_words(self) -> str:
        """What it is given, in words."""
        return f"{self.access.label} and a twin" if self.twin else self.access.label


def declare(reference: str) -> Declaration:
    """Import a detector and read what it declares; of a stranger's, in a worker.

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
        twin=needs_twin(kind),
        code=hashlib.sha256(Path(inspect.getfile(kind)).read_bytes()).hexdigest(),
    )


def declared(detector: str | Declaration) -> Declaration:
    """A declaration as it is, a reference declared."""
    return detector if isinstance(detector, Declaration) else declare(detector)
