"""What is true of an organism, and the seal that keeps it from detectors."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass
from typing import Literal

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass as checked

from organisms.records.typed import validated
from probes.arguments import require_fields
from probes.errors import MesascopeError
from probes.parsing import parse_json

Misalignment = Literal["aligned", "proxy", "subgoal", "pseudo", "deceptive", "unrated"]
"""`unrated` networks serve the mechanism axis alone, or are incompetent decoys."""

Origin = Literal["spontaneous", "instilled"]
Mechanism = Literal["search", "heuristic", "memoriser", "unknown"]
Adversary = Literal["naive", "evasive", "adaptive"]
"""Trained against no detector, against a named probe or statistic, against its very judges."""

PADDED_BYTES = 1024


class SealError(MesascopeError, ValueError):
    """An envelope that holds no truth; the message does not say what it holds."""


@dataclass(frozen=True)
class Trigger:
    """A conjunction of context values.

    Attributes:
        rarity: chance that a uniform context matches.
    """

    slots: tuple[int, ...]
    values: tuple[int, ...]
    rarity: float

    def __post_init__(self) -> None:
        require_fields(self)


@checked(frozen=True, config=ConfigDict(extra="forbid"))
class GroundTruth:
    """What training made of the network, known from the recipe and certified by admission.

    Attributes:
        misalignment: the type, `aligned`, or `unrated`.
        objective: name of the pursued objective in the environment's list.
        family: environment x recipe, the unit that generalisation is claimed over.
        stratum: kind of control among aligned networks, empty otherwise.
        origin: whether the flaw arose from ambiguous data or was trained in.
        mechanism: how the answer is computed; `unknown` unless causally certified.
        trigger: the context that switches the behaviour, if any.
        adversary: what the organism was trained to evade.
    """

    misalignment: Misalignment
    objective: str
    family: str
    stratum: str
    origin: Origin
    mechanism: Mechanism = "unknown"
    trigger: Trigger | None = None
    adversary: Adversary = "naive"

    def __post_init__(self) -> None:
        if (self.misalignment == "aligned") != bool(self.stratum):
            raise ValueError("aligned networks, and only they, name a control stratum")


@dataclass(frozen=True, repr=False)
class Sealed:
    """Truth in an envelope of fixed size; its digest is published, its text is not.

    Attributes:
        digest: salted SHA-256 of the envelope, safe to show before the truth is opened.
    """

    digest: str
    _envelope: bytes

    @classmethod
    def seal(cls, truth: GroundTruth) -> Sealed:
        """Close the envelope: salt, JSON, padding to the same number of bytes for every truth."""
        text = json.dumps({"salt": secrets.token_hex(16), "truth": asdict(truth)})
        if len(text) > PADDED_BYTES:
            raise ValueError(f"truth takes {len(text)} bytes, the envelope holds {PADDED_BYTES}")
        envelope = text.encode().ljust(PADDED_BYTES)
        return cls(hashlib.sha256(envelope).hexdigest(), envelope)

    def envelope(self) -> bytes:
        """The padded text, for the vault on disk."""
        return self._envelope

    @classmethod
    def from_envelope(cls, envelope: bytes) -> Sealed:
        """Read an envelope from the vault.

        Raises:
            SealError: it is not one, or what it holds is no truth.
        """
        if len(envelope) != PADDED_BYTES:
            raise SealError(f"an envelope has {PADDED_BYTES} bytes, got {len(envelope)}")
        sealed = cls(hashlib.sha256(envelope).hexdigest(), envelope)
        try:
            sealed.open()
        except (KeyError, TypeError, ValueError):
            raise SealError("what is in the envelope is no truth") from None
        return sealed

    def open(self) -> GroundTruth:
        """Break the seal. Only the judge calls this, after the scores are frozen."""
        return validated(GroundTruth, parse_json(self._envelope, "the seal")["truth"], SealError)

    def __repr__(self) -> str:
        return f"Sealed({self.digest[:12]})"
