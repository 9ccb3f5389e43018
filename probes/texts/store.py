"""Activations of texts in memory or in a folder, with a note of which are there already."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from probes.language_model import LoadedModel
from probes.parsing import parse_json
from probes.texts.dataset import TextError
from probes.writing import write_whole

MANIFEST, VALUES, DONE = "manifest.json", "activations.float32", "done.bool"


@dataclass(frozen=True)
class Store:
    """Numbers that are filled in text by text.

    Attributes:
        done: which texts are complete at every site.
    """

    values: Float[Tensor, "site text position width"]
    done: Bool[Tensor, " text"]

    @classmethod
    def in_memory(cls, shape: Sequence[int], budget: int) -> Store:
        """Room in memory.

        Raises:
            TextError: it would take more bytes than the budget.
        """
        size = _size(shape)
        if size > budget:
            raise TextError(
                f"activations of these texts take {size} bytes, and the budget is {budget}; name a "
                "folder to keep them on disk, raise the budget, or ask for fewer sites or positions"
            )
        return cls(torch.zeros(*shape), torch.zeros(shape[1], dtype=torch.bool))

    @classmethod
    def on_disk(cls, folder: Path, shape: Sequence[int], made_from: Mapping[str, Any]) -> Store:
        """Room in files that memory shows; what a killed run left there is kept.

        A process that is killed loses nothing that is noted as done; a power cut may.

        Args:
            made_from: whatever the numbers depend on.

        Raises:
            TextError: the folder holds something else, files were cut short, or the disk is full.
            UnwritableFile: the folder cannot be written.
        """
        manifest = {"made_from": dict(made_from), "shape": list(shape)}
        sizes = {VALUES: _size(shape), DONE: shape[1]}
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / MANIFEST).is_file():
            found = parse_json((folder / MANIFEST).read_bytes(), folder / MANIFEST)
            if found != manifest:
                raise TextError(
                    f"{folder} holds activations of {_differing(found, manifest)}; name another "
                    "folder, or remove this one"
                )
        elif any(folder.iterdir()):
            raise TextError(f"{folder} holds files that are no activations; name an empty folder")
        else:
            free = shutil.disk_usage(folder).free
            if free < sizes[VALUES]:
                raise TextError(
                    f"{folder} has {free} bytes free, and these activations take {sizes[VALUES]}; "
                    "ask for fewer sites or positions, or name a folder elsewhere"
                )
            write_whole(folder / MANIFEST, json.dumps(manifest, indent=1))
        for name, size in sizes.items():
            if (folder / name).exists() and (folder / name).stat().st_size != size:
                raise TextError(f"{folder / name} was cut short; remove the folder and run again")
        values = torch.from_file(
            str(folder / VALUES), shared=True, size=_size(shape) // 4, dtype=torch.float32
        )
        done = torch.from_file(str(folder / DONE), shared=True, size=shape[1], dtype=torch.bool)
        return cls(values.view(*shape), done)

    def put(self, texts: Sequence[int], values: Float[Tensor, "site batch position width"]) -> None:
        """Keep what was read of some texts, then note that they are done."""
        numbers = torch.tensor(texts)
        self.values[:, numbers] = values
        self.done[numbers] = True


def model_digest(model: LoadedModel) -> str:
    """Tells a model from others by its weights and settings; reads every number once."""
    digest = hashlib.sha256(repr(sorted(model.original.config.to_dict().items())).encode())
    for name, weight in model.original.named_parameters():
        digest.update(f"{name} {tuple(weight.shape)} {weight.dtype}".encode())
        flat = weight.detach().cpu().contiguous().flatten()
        digest.update(flat.view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _size(shape: Sequence[int]) -> int:
    """Bytes of numbers in single precision."""
    return 4 * torch.Size(shape).numel()


def _differing(found: Any, wanted: Mapping[str, Any]) -> str:
    """What two manifests differ in."""
    came = found.get("made_from") if isinstance(found, dict) else None
    if not isinstance(came, dict):
        return "something else"
    names = sorted(k for k in wanted["made_from"] if came.get(k) != wanted["made_from"][k])
    return f"other {', '.join(names) or 'shapes'}"
