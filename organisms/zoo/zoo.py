"""The organisms on disk, one folder per specification: weights, sealed truth and certificate."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from transformer_lens import HookedRootModule

from organisms.records.certificate import Certificate
from organisms.records.truth import Sealed
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import load_net
from probes.errors import MesascopeError
from probes.files import clear_parts, write_folder

SPEC, WEIGHTS, TRUTH, RECORD = "spec.toml", "weights.safetensors", "truth.sealed", "record.json"

PLAIN = ("diverged", "train_seconds", "admit_seconds", "device", "code")
"""Fields of a record that are stored as they are; the last two are missing in older ones."""


class ZooError(MesascopeError, ValueError):
    """A damaged organism folder; the message names it and the remedy."""


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
            ZooError: the folder is there but cannot be read.
        """
        folder = self.folder(spec)
        return self.read(folder) if folder.exists() else None

    def records(self) -> list[Record]:
        """Every attempt in the zoo."""
        folders = sorted(p for p in self.root.glob("*") if not p.name.startswith("."))
        return [self.read(folder) for folder in folders]

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
        ValueError: a file is missing, damaged, or contradicts another.
    """
    try:
        plain = json.loads(files[RECORD])
        stored = plain["certificate"]
        if hashlib.sha256(files[TRUTH]).hexdigest() != plain["truth_sha256"]:
            raise ValueError("the sealed truth is not the one that was stored")
        return Record(
            spec=OrganismSpec.from_toml(files[SPEC].decode()),
            truth=Sealed.from_envelope(files[TRUTH]),
            certificate=None if stored is None else Certificate.from_dict(stored),
            **{name: plain[name] for name in PLAIN if name in plain},
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"{error} is missing or wrong") from error
