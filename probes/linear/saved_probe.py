"""A linear probe as a file: its weights, where it reads, and the limit above which it flags."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from probes.arguments import require_fields
from probes.errors import MesascopeError
from probes.parsing import parse_json
from probes.writing import write_whole

SCHEMA = "mesascope.linear_probe/1"
WEIGHTS = "weights"


class SavedProbeError(MesascopeError, ValueError):
    """A file that holds no probe, or a probe that does not belong to these activations."""


@dataclass(frozen=True)
class SavedProbe:
    """Score = activations · weights + bias; above the limit a text is flagged.

    Attributes:
        site, position: where the activations are taken.
        limit: set so that at most `false_alarms` of `n_reference` texts without the property lie
            above it.
        reference: what these texts were, in words.
        classes: names of the negative class and of the positive one, which scores high.
        model: digest of the model that the probe was fitted on; empty where nobody knows it.
        made: how it was fitted and what it reached, for people to read.
    """

    weights: Float[Tensor, " width"]
    bias: float
    site: str
    position: str
    limit: float
    false_alarms: float
    n_reference: int
    reference: str
    classes: tuple[str, str]
    model: str
    made: str

    def __post_init__(self) -> None:
        require_fields(self, error=SavedProbeError, n_reference=(1, None), false_alarms=(0, 1))
        if self.weights.ndim != 1 or not bool(self.weights.isfinite().all()):
            raise SavedProbeError(
                f"a probe is one finite weight per number of the activation, got shape "
                f"{tuple(self.weights.shape)}"
            )

    def scores(self, activations: Float[Tensor, "batch width"]) -> Float[Tensor, " batch"]:
        """Score of each activation; the higher, the more like the positive class.

        Raises:
            SavedProbeError: activations have another width, or are not finite.
        """
        width = len(self.weights)
        if activations.ndim != 2 or activations.shape[1] != width:
            raise SavedProbeError(
                f"the probe reads activations of width {width}, got shape "
                f"{tuple(activations.shape)}; use it on the model that it was fitted on"
            )
        scores = activations.double() @ self.weights.double().to(activations.device) + self.bias
        if not bool(scores.isfinite().all()):
            raise SavedProbeError("activations are not finite, so the probe can say nothing")
        return scores

    def flags(self, activations: Float[Tensor, "batch width"]) -> Tensor:
        """Which activations score above the limit."""
        return self.scores(activations) > self.limit

    def require_model(self, digest: str) -> None:
        """Refuse another model than the one that the probe was fitted on.

        Raises:
            SavedProbeError: digests differ.
        """
        if self.model and digest != self.model:
            raise SavedProbeError(
                f"the probe was fitted on another model (digest {self.model[:12]}, this one has "
                f"{digest[:12]}): its directions mean nothing here; give the folder, --lora and "
                "--dtype that it was fitted with, or fit a probe on this model"
            )

    def save(self, path: Path) -> None:
        """Write a safetensors file.

        Raises:
            UnwritableFile: the folder is read-only, or the disk is full.
        """
        told = {key: value for key, value in asdict(self).items() if key != WEIGHTS}
        content = {"schema": SCHEMA, "probe": json.dumps(told, allow_nan=False)}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, save({WEIGHTS: self.weights.cpu().contiguous()}, metadata=content))

    @classmethod
    def load(cls, path: Path) -> SavedProbe:
        """Read a file that `save` wrote; nothing in it is run.

        Raises:
            SavedProbeError: there is no such file, or it holds no probe.
        """
        if not Path(path).is_file():
            raise SavedProbeError(f"no saved probe at {path}; `mesascope probe --save` writes one")
        try:
            with safe_open(path, framework="pt") as file:
                told: Mapping[str, str] = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise SavedProbeError(f"{path} is no safetensors file: {error}") from error
        if told.get("schema") != SCHEMA or set(tensors) != {WEIGHTS}:
            raise SavedProbeError(
                f"{path} holds {sorted(tensors)[:3]} of schema {told.get('schema')!r}, wanted a "
                f"probe of schema {SCHEMA!r}; `mesascope probe --save` writes one"
            )
        about = parse_json(told.get("probe", "").encode(), f"what {path} says of its probe")
        names = {field.name for field in fields(cls)} - {WEIGHTS}
        if not isinstance(about, dict) or set(about) != names:
            raise SavedProbeError(
                f"{path} says of its probe {sorted(about)}, wanted {sorted(names)}"
            )
        return cls(weights=tensors[WEIGHTS], **_tuples(about))


def _tuples(about: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in about.items()}
