"""Activations that another program wrote, in a folder with a manifest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from torch import Tensor

from probes.linear.features import BUDGET
from probes.parsing import parse_json
from probes.texts.dataset import TextError
from probes.texts.read import TextActivations

MANIFEST = "manifest.json"
NEEDED, KNOWN = {"sites"}, {"sites", "shape", "positions", "labels", "groups"}


@dataclass(frozen=True)
class ForeignActivations:
    """What a folder holds.

    Attributes:
        labels: 0 or 1 for each text; None where the manifest has none.
        groups: texts of one group belong into one fold; None where the manifest has none.
    """

    activations: TextActivations
    labels: tuple[int, ...] | None
    groups: tuple[str, ...] | None


def read_foreign(folder: Path, *, budget: int = BUDGET, device: str = "cpu") -> ForeignActivations:
    """Read `manifest.json` and the files it names; nothing is unpickled.

    The manifest is an object. `"sites"` maps names, from the input on, to files of the folder:
    `.npy`, or `.safetensors` that hold one tensor or one of the site's name. Each has the shape
    (texts, positions, width) or (texts, width), which `"shape"` may state. `"positions"` may name
    the positions, `"labels"` give 0 or 1 for each text, `"groups"` a word or number.

    Args:
        budget: bytes of activations kept in memory; files are read as they are needed.

    Raises:
        TextError: something is missing, a file is not in the folder or not of floating-point
            numbers, or shapes, labels and groups do not fit each other.
        UnreadableFile: the manifest is not JSON.
    """
    folder = Path(folder)
    if not (folder / MANIFEST).is_file():
        raise TextError(f'{folder} has no {MANIFEST}; write {{"sites": {{"layer 1": "a.npy"}}}}')
    told = parse_json((folder / MANIFEST).read_bytes(), folder / MANIFEST)
    if not isinstance(told, dict) or not NEEDED <= set(told) <= KNOWN:
        raise TextError(f"{folder / MANIFEST} wants the keys {sorted(KNOWN)}, at least 'sites'")
    sites = told["sites"]
    if not isinstance(sites, dict) or not sites:
        raise TextError(f"{folder / MANIFEST} names no sites and files")
    values = {site: _tensor(folder, site, file) for site, file in sites.items()}
    shapes = {tuple(each.shape[:2]) for each in values.values()}
    if len(shapes) > 1:
        raise TextError(f"sites of {folder} differ in texts and positions: {sorted(shapes)}")
    ((n_texts, n_positions),) = shapes
    for site, each in values.items():
        if told.get("shape") not in (None, list(each.shape), [n_texts, each.shape[2]]):
            raise TextError(
                f"{folder / sites[site]} has shape {tuple(each.shape)}, and {MANIFEST} says "
                f"{told['shape']}; write the file again, or the shape that it has"
            )
    names = _column(told, "positions", n_positions, folder)
    labels = _column(told, "labels", n_texts, folder)
    groups = _column(told, "groups", n_texts, folder)
    if labels is not None and set(labels) != {0, 1}:
        raise TextError(f"{folder / MANIFEST} wants labels 0 and 1, both of them")
    positions = tuple(map(str, range(n_positions) if names is None else names))
    return ForeignActivations(
        TextActivations(values, positions, budget, device),
        None if labels is None else tuple(map(int, labels)),
        None if groups is None else tuple(map(str, groups)),
    )


def _column(told: dict[str, Any], key: str, length: int, folder: Path) -> Sequence[Any] | None:
    """A list of the manifest, as long as it has to be."""
    column = told.get(key)
    kinds = (bool, int) if key == "labels" else (str, int)
    if column is None:
        return None
    if not isinstance(column, list) or not all(isinstance(each, kinds) for each in column):
        raise TextError(f"{folder / MANIFEST} has {key} that are no list of words or numbers")
    if len(column) != length:
        raise TextError(
            f"{folder / MANIFEST} has {len(column)} {key}, and the activations have {length}"
        )
    return column


def _tensor(folder: Path, site: str, file: object) -> Tensor:
    """One site, as (text, position, width), read when it is used."""
    if not isinstance(file, str) or Path(file).name != file or not (folder / file).is_file():
        raise TextError(f"{folder / MANIFEST} names {file!r}, wanted a file in the same folder")
    path = folder / file
    try:
        if path.suffix == ".npy":
            # Copy on write: torch wants memory that may be written, and the file stays as it is.
            tensor = torch.from_numpy(np.load(path, mmap_mode="c", allow_pickle=False))
        elif path.suffix == ".safetensors":
            with safe_open(path, framework="pt") as held:
                names = list(held.keys())
                if site not in names and len(names) != 1:
                    raise TextError(f"{path} holds {names[:5]}, wanted one tensor or {site!r}")
                tensor = held.get_tensor(site if site in names else names[0])
        else:
            raise TextError(f"{path} is neither .npy nor .safetensors")
    except TextError:
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:300]
        raise TextError(
            f"{path} cannot be read ({type(error).__name__}: {said}); write plain floating-point "
            "numbers with numpy.save or safetensors"
        ) from error
    if not tensor.is_floating_point() or tensor.ndim not in (2, 3) or 0 in tensor.shape:
        raise TextError(
            f"{path} holds {tensor.dtype} of shape {tuple(tensor.shape)}, wanted floating-point "
            "numbers of shape (texts, positions, width) or (texts, width)"
        )
    return tensor[:, None] if tensor.ndim == 2 else tensor
