"""The manifest of a travelling set of organisms: JSON text beside one safetensors file."""

from __future__ import annotations

import hashlib
import json
import os
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from organisms.records.certificate import Certificate
from organisms.records.strict import SpecError, strict
from organisms.records.truth import Sealed
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.zoo import Record
from probes.errors import MesascopeError

FORMAT, SCHEMA = "mesascope organisms", 2


class TravelError(MesascopeError, ValueError):
    """A set that cannot be written or must not be read; the message says what to do."""


@dataclass(frozen=True)
class Carried:
    """One attempt as it travels.

    Attributes:
        hash: content hash that it was grown under.
        spec: nested tables of its specification.
        certificate: None where training diverged.
        diverged: what happened, empty otherwise.
        train_seconds, admit_seconds: CPU seconds.
        truth: sealed envelope, base64.
        truth_sha256: digest of the envelope.
        weights_sha256: digest of the network, None where training diverged.
        device: where it was grown; empty where the set does not say.
        code: digest of the source that grew it, for the record only.
    """

    hash: str
    spec: dict[str, Any]
    certificate: dict[str, Any] | None
    diverged: str
    train_seconds: float
    admit_seconds: float
    truth: str
    truth_sha256: str
    weights_sha256: str | None
    device: str = ""
    code: str = ""

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.weights_sha256 is None):
            raise TravelError(f"organism {self.hash} has a certificate or a network, not both")

    @classmethod
    def pack(cls, record: Record, weights_sha256: str | None) -> Carried:
        """The plain form of a record."""
        certificate = record.certificate
        return cls(
            hash=record.spec.content_hash,
            spec=asdict(record.spec),
            certificate=None if certificate is None else certificate.to_dict(),
            diverged=record.diverged,
            train_seconds=record.train_seconds,
            admit_seconds=record.admit_seconds,
            truth=b64encode(record.truth.envelope()).decode(),
            truth_sha256=record.truth.digest,
            weights_sha256=weights_sha256,
            device=record.device,
            code=record.code,
        )

    @property
    def recipe(self) -> str:
        """Its family, as it was called where it was grown."""
        return str(self.spec.get("recipe"))

    def record(self) -> Record:
        """The record of an organism that is known here; its truth must be the one its recipe has.

        Raises:
            TravelError: the record contradicts itself or its specification.
        """
        try:
            spec = OrganismSpec.from_dict(self.spec)
            truth = Sealed.from_envelope(b64decode(self.truth, validate=True))
            if truth.digest != self.truth_sha256:
                raise ValueError("the sealed truth is not the one that was packed")
            if truth.open() != spec.build_recipe().truth:
                raise ValueError("the sealed truth is not that of its recipe")
            stored = self.certificate
            certificate = None if stored is None else Certificate.from_dict(stored)
        except (Base64Error, ValueError, KeyError, TypeError) as error:
            raise TravelError(
                f"organism {self.hash} ({self.recipe}) cannot be trusted: {error}; get the set "
                "again from where it was exported"
            ) from error
        return Record(
            spec,
            truth,
            certificate,
            self.diverged,
            self.train_seconds,
            self.admit_seconds,
            self.device,
            self.code,
        )


@dataclass(frozen=True)
class Manifest:
    """What a set holds.

    Attributes:
        tensors_sha256: digest of the safetensors file.
        versions: of packages and machine where it was exported.
        organisms: every attempt, duds and diverged ones included.
    """

    tensors_sha256: str
    versions: dict[str, str]
    organisms: tuple[Carried, ...]

    def __post_init__(self) -> None:
        hashes = [carried.hash for carried in self.organisms]
        if len(set(hashes)) != len(hashes):
            raise TravelError("one organism is in the set twice")

    @property
    def digest(self) -> str:
        """SHA-256 over everything, the networks included: it names the set."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def native(self) -> tuple[Carried, ...]:
        """What has the same identity here: specification and versions, its twin's too."""
        same = {carried.hash: self._is_native(carried) for carried in self.organisms}
        return tuple(
            carried
            for carried in self.organisms
            if same[carried.hash] and same.get(self._twin_hash(carried), False)
        )

    @staticmethod
    def _is_native(carried: Carried) -> bool:
        try:
            return OrganismSpec.from_dict(carried.spec).content_hash == carried.hash
        except SpecError:
            return False

    @staticmethod
    def _twin_hash(carried: Carried) -> str:
        return OrganismSpec.from_dict(carried.spec).twin.content_hash

    def write(self, path: Path) -> None:
        """Write the manifest, whole or not at all."""
        whole = {"format": FORMAT, "schema": SCHEMA, "digest": self.digest, **asdict(self)}
        write_whole(path, json.dumps(whole, indent=1).encode())

    @classmethod
    def read(cls, path: Path) -> Manifest:
        """Read a manifest.

        Raises:
            TravelError: it is missing, damaged, edited, of another schema or of something else.
        """
        try:
            data = json.loads(path.read_text())
        except FileNotFoundError:
            raise TravelError(
                f"no manifest at {path}; a set is a .safetensors file and a .json file, keep both"
            ) from None
        except (ValueError, RecursionError) as error:
            raise TravelError(f"{path} is damaged: not JSON ({error}); get it again") from error
        if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
            raise TravelError(f"{path} is not the manifest of a set of organisms")
        schema, digest = data.pop("schema", None), data.pop("digest", None)
        if schema != SCHEMA:
            raise TravelError(
                f"{path} has schema {schema!r}, this version reads {SCHEMA}; use the version of "
                "mesascope that wrote it"
            )
        try:
            rows = data["organisms"]
            carried = tuple(strict(Carried, row, f"organisms.{n}") for n, row in enumerate(rows))
            manifest = strict(cls, {**data, "organisms": carried}, "manifest")
        except (SpecError, TravelError, KeyError, TypeError) as error:
            raise TravelError(f"{path} is damaged: {error}; get it again") from error
        if manifest.digest != digest:
            raise TravelError(f"{path} was edited or damaged after it was written; get it again")
        return manifest


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that appears with all its content or not at all."""
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
