"""What a model, or a folder of activations, gives to probe: features, and those of controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from evals.studies.probing.labelled import LabelError
from evals.studies.probing.text_probe import Material
from probes.language_model import LoadedModel
from probes.linear.features import Features
from probes.texts.dataset import TextSet
from probes.texts.encode import EncodedTexts, bag_of_tokens, encode
from probes.texts.foreign import read_foreign
from probes.texts.fresh import untrained
from probes.texts.plain import PlainTexts
from probes.texts.read import TextActivations, read_texts

FEWEST_KINDS = 10
"""Last tokens that a control task needs; with fewer, texts are told by more tokens of their end."""

LONGEST_END = 4


@dataclass(frozen=True)
class ReadMaterial:
    """Material of a model, and how many texts were cut."""

    material: Material
    cut: int


def read_material(
    model: LoadedModel,
    data: TextSet,
    ordinary: PlainTexts | None,
    *,
    positions: Sequence[str],
    sites: Sequence[str] | None,
    longest: int | None,
    budget: int,
    cache: Path | None,
    seed: int,
    ordinary_name: str,
) -> ReadMaterial:
    """Run a model and its untrained twin over the texts, the ordinary ones after the others.

    Raises:
        TextError: texts cannot be read at these sites and positions, or exceed the budget.
    """
    count, extra = len(data.texts), () if ordinary is None else ordinary.texts
    answers = data.answers + (() if ordinary is None else ordinary.answers)
    encoded = encode(model, PlainTexts(data.texts + extra, answers), longest=longest)

    def read(one: LoadedModel, name: str) -> TextActivations:
        return read_texts(
            one, encoded, positions=positions, sites=sites, budget=budget // 2,
            folder=None if cache is None else cache / name, device=probe_device(model),
        )  # fmt: skip

    ours = read(model, "trained")
    fresh = read(untrained(model, torch.Generator().manual_seed(seed)), "untrained")
    material = Material(
        features=part_of(ours, slice(0, count)),
        positions=ours.positions,
        untrained=part_of(fresh, slice(0, count)),
        bag=csr_matrix(bag_of_tokens(encoded).numpy()[:count]),
        kinds=endings(encoded, count),
    )
    if extra:
        beyond = part_of(ours, slice(count, count + len(extra)))
        material = replace(material, ordinary=beyond, ordinary_name=f"texts of {ordinary_name}")
    return ReadMaterial(material, encoded.cut)


def foreign_material(
    folder: Path, data: TextSet | None, *, budget: int
) -> tuple[Material, TextSet]:
    """Activations that another program wrote, with labels of the data or of their manifest.

    Raises:
        TextError: the folder cannot be read.
        LabelError: there are no labels, or as many as there are texts elsewhere.
    """
    found = read_foreign(folder, budget=budget)
    count = len(next(iter(found.activations.values.values())))
    if data is None:
        if found.labels is None:
            raise LabelError(
                f"{folder}/manifest.json has no labels; add them, or give --data with as many texts"
            )
        groups = found.groups or tuple(map(str, range(count)))
        data = TextSet(("-",) * count, found.labels, groups, (None,) * count, ("0", "1"))
    elif len(data.texts) != count:
        raise LabelError(
            f"the data has {len(data.texts)} texts, and {folder} activations of {count}; give the "
            "texts that the activations are of, in their order (a pair is its negative text, then "
            "its positive one)"
        )
    away = "activations from elsewhere come without "
    missing = {"bag of tokens": away + "tokens", "untrained weights": away + "a model"}
    activations = found.activations
    material = Material(activations.features(), activations.positions, missing=missing)
    return material, data


def probe_device(model: LoadedModel) -> str:
    """Where probes are fitted: where the model takes its tokens."""
    return str(model.device)


def part_of(read: TextActivations, part: slice) -> Features:
    """Features of some of the texts."""
    start, stop = part.start, part.stop

    def reader(rows: slice, sites: Sequence[str]) -> Mapping[str, Tensor]:
        inside = slice(start + rows.start, start + rows.stop)
        return {site: read.values[site][inside] for site in sites}

    return Features(
        reader, n_instances=stop - start, sites=read.sites, budget=read.budget, device=read.device
    )


def endings(encoded: EncodedTexts, count: int) -> np.ndarray:
    """Kind of every text: its last token, or as many of its last as give several kinds."""
    kinds = np.zeros(count, dtype=int)
    for length in range(1, LONGEST_END + 1):
        ends = [str(row[-length:]) for row in encoded.rows[:count]]
        names, kinds = np.unique(ends, return_inverse=True)
        if len(names) >= FEWEST_KINDS:
            break
    return kinds
