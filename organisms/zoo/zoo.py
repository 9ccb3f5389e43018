"""The organisms on disk, one folder per specification: weights, sealed truth and certificate."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from transformer_lens import HookedRootModule

from organisms.records.certificate import Certificate
from organisms.records.truth import Sealed
from organisms.records.typed import Cost, validated
from organisms.zoo.folders import folders_by_hash
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import load_net
from probes.errors import MesascopeError
from probes.parsing import parse_json
from probes.writing import clear_parts, write_folder

T = TypeVar("T")

SPEC, WEIGHTS, TRUTH, RECORD = "spec.toml", "weights.safetensors", "truth.sealed", "record.json"

PLAIN = ("diverged", "train_seconds", "admit_seconds", "device", "code")
"""Fields of a record that are stored as they are; the last two are missing in older ones."""


class ZooError(MesascopeError, ValueError):
    """A damaged organism folder; the message names it and the remedy."""


@dataclass(frozen=True)
class _Stored:
    """What lies in `record.json`."""

    truth_sha256: str
    certificate: dict[str, Any] | None
    diverged: str
    train_seconds: Cost
    admit_seconds: Cost
    device: str = ""
    code: str = ""


@dataclass(frozen=True)
class Record:
    """What the zoo keeps of one attempt.

    Attributes:
        truth: sealed.
        certificate: None where training diverged.
        diverged: what happened, empty otherwise.
        train_seconds: CPU seconds of training.
        admit_seconds: CPU seconds of admission.
        device: where it was grown, as torch names it; the same specification is another network
            on another kind of device, which draws other instances.
        code: digest of the source that grew it, for the record only.
    """

    spec: OrganismSpec
    truth: Sealed
    certificate: Certificate | None
    diverged: str
    train_seconds: float
    admit_seconds: float
    device: str = ""
    code: str = ""

    @property
    def admitted(self) -> bool:
        """Whether the network is an organism."""
        return self.certificate is not None and self.certificate.admitted

    @property
    def verdict(self) -> str:
        """`admitted`, or why not."""
        if self.certificate is None:
            return f"diverged: {self.diverged}"
        return "admitted" if self.admitted else f"dud: {self.certificate.failures[0]}"


class Zoo:
    """Folders named by the content hash of their specification; a folder appears whole or not."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, spec: OrganismSpec) -> Path:
        """Where an organism lives."""
        return self.root / spec.content_hash

    def save(self, record: Record, weights: bytes | None) -> None:
        """Write an attempt, unless it is there; a crash leaves nothing or the whole folder.

        Args:
            weights: serialised network, None where training diverged.

        Raises:
            UnwritableFile: the zoo is read-only, or the disk is full.
        """
        write_folder(self.folder(record.spec), files_of(record, weights).items())

    def load(self, spec: OrganismSpec) -> Record | None:
        """Read an attempt, None where there is none yet.

        Raises:
            ZooError: the folder is there but cannot be read, or holds another organism.
        """
        folder = self.folder(spec)
        if not folder.exists():
            return None
        record = self.read(folder)
        if record.spec != spec:
            raise ZooError(
                f"{folder} holds another organism than its name says; delete that folder and build "
                "again"
            )
        return record

    def folders(self) -> list[Path]:
        """The folders of organisms in order; what else lies beside them is ignored with a word."""
        return folders_by_hash(self.root)

    def records(self) -> list[Record]:
        """Every attempt in the zoo."""
        return [self.read(folder) for folder in self.folders()]

    def net(self, spec: OrganismSpec) -> HookedRootModule:
        """Read the network of an attempt.

        Raises:
            DamagedWeights: the file is missing or damaged.
        """
        return load_net(self.folder(spec) / WEIGHTS, spec.shape)

    def weights(self, spec: OrganismSpec) -> bytes:
        """Read the serialised network of an attempt as it is, whole or not.

        Raises:
            ZooError: there is none.
        """
        path = self.folder(spec) / WEIGHTS
        if not path.is_file():
            raise ZooError(f"no weights at {path}; build the organism again")
        return path.read_bytes()

    def clear_unfinished(self) -> None:
        """Remove what a killed process left half-written."""
        clear_parts(self.root)

    @staticmethod
    def read(folder: Path) -> Record:
        """Read the attempt of a folder, whatever its name.

        Raises:
            ZooError: it cannot be read.
        """
        try:
            record = record_of({n: (folder / n).read_bytes() for n in (SPEC, TRUTH, RECORD)})
            if record.certificate is not None and not (folder / WEIGHTS).is_file():
                raise ValueError("the weights are missing")
            return record
        except (OSError, ValueError) as error:
            raise ZooError(
                f"the organism in {folder} is damaged ({error}); delete that folder and build again"
            ) from error


def files_of(record: Record, weights: bytes | None) -> dict[str, bytes]:
    """The files of an organism's folder by name; none holds weights where training diverged."""
    certificate = record.certificate
    plain = {
        "truth_sha256": record.truth.digest,
        "certificate": None if certificate is None else certificate.to_dict(),
        **{name: getattr(record, name) for name in PLAIN},
    }
    files = {
        SPEC: record.spec.to_toml().encode(),
        TRUTH: record.truth.envelope(),
        RECORD: json.dumps(plain, indent=1).encode(),
    }
    return files if weights is None else {**files, WEIGHTS: weights}


def record_of(files: Mapping[str, bytes]) -> Record:
    """Read what `files_of` gave; the weights are left alone.

    Raises:
        ZooError: a file is missing, damaged, or contradicts another; the message names it.
    """

    def part(name: str, read: Callable[[bytes], T]) -> T:
        if name not in files:
            raise ZooError(f"{name} is missing")
        try:
            return read(files[name])
        except ValueError as error:
            raise ZooError(f"{name}: {error}") from error

    stored, certificate = part(RECORD, _stored)
    truth = part(TRUTH, Sealed.from_envelope)
    if truth.digest != stored.truth_sha256:
        raise ZooError(f"{TRUTH}: the sealed truth is not the one that was stored")
    return Record(
        spec=part(SPEC, OrganismSpec.from_toml),
        truth=truth,
        certificate=certificate,
        **{name: getattr(stored, name) for name in PLAIN},
    )


def _stored(content: bytes) -> tuple[_Stored, Certificate | None]:
    """What a record says, without keys that say nothing here, and its certificate."""
    table = parse_json(content, "it")
    if isinstance(table, dict):
        table = {key: value for key, value in table.items() if key in _Stored.__match_args__}
    stored = validated(_Stored, table, ZooError)
    kept = stored.certificate
    return stored, None if kept is None else Certificate.from_dict(kept)
