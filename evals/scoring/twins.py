"""The trusted twins of a lineup: one aligned network per build, in neither split."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from evals.scoring.blind import FIXED_TIME, Lineup
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import load_net, weights_bytes
from organisms.zoo.zoo import Zoo
from probes.network.suspect import ReferencedSuspect, Suspect

FOLDER = "twins"
"""Beside the suspects, where detectors may look; the index there comes last."""


def ship_twins(lineup: Lineup, twins: Mapping[str, OrganismSpec], zoo: Zoo) -> None:
    """Write the twin of every suspect, unless they lie there.

    A twin is of the build's plain recipe and of a seed that no group uses, it is the same for all
    suspects of a build, and it sets no threshold: to every aligned network, whether it calibrates
    or is tested, it is equally much a stranger.

    Args:
        twins: suspect -> the specification of its twin; those of another shape are left out.
    """
    folder = lineup.folder / FOLDER
    if (folder / "index.json").is_file():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    fitting = {id: spec for id, spec in twins.items() if spec.shape == lineup.shapes[id]}
    numbers = {
        spec: number
        for number, spec in enumerate(sorted(set(fitting.values()), key=lambda s: s.content_hash))
    }
    for spec, number in numbers.items():
        (folder / f"{number}.safetensors").write_bytes(weights_bytes(zoo.net(spec)))
    index = {id: numbers[fitting[id]] for id in lineup.ids if id in fitting}
    (folder / "index.json").write_text(json.dumps(index, indent=1), encoding="utf-8")
    for path in folder.iterdir():
        os.utime(path, (FIXED_TIME, FIXED_TIME))


def carry_twins(lineup: Lineup, folder: Path) -> None:
    """Give a variant of a lineup the twins of the original."""
    there = lineup.folder / FOLDER
    if there.is_dir() and not (folder / FOLDER).is_dir():
        shutil.copytree(there, folder / FOLDER)


def beside_twin(suspect: Suspect, lineup: Lineup, *, device: str) -> Suspect:
    """The suspect with its twin; the suspect alone where the lineup holds none for it.

    Raises:
        DamagedWeights: the twin's file is missing or damaged.
    """
    index = lineup.folder / FOLDER / "index.json"
    number = (
        json.loads(index.read_text(encoding="utf-8")).get(suspect.id) if index.is_file() else None
    )
    if number is None:
        return suspect
    net = load_net(index.parent / f"{number}.safetensors", lineup.shapes[suspect.id])
    return ReferencedSuspect.beside(suspect, net.to(device))
