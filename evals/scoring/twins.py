"""The trusted twins of a lineup: one aligned network per build, in neither split."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evals.scoring.blind import FIXED_TIME, Lineup, LineupDamaged
from evals.scoring.lineup_files import Id
from organisms.records.typed import Count, validated
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import load_net, weights_bytes
from organisms.zoo.zoo import Zoo
from probes.network.suspect import ReferencedSuspect, Suspect
from probes.parsing import UnreadableFile, parse_json
from probes.writing import write_folder

FOLDER = "twins"
"""Beside the suspects, where detectors may look; it is there whole or not at all."""


@dataclass(frozen=True)
class _Twins:
    """Suspect -> number of its twin's file, as the index says."""

    number_of: dict[Id, Count]


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
    fitting = {id: spec for id, spec in twins.items() if spec.shape == lineup.shapes[id]}
    numbers = {
        spec: number
        for number, spec in enumerate(sorted(set(fitting.values()), key=lambda s: s.content_hash))
    }
    index = {id: numbers[fitting[id]] for id in lineup.ids if id in fitting}

    def files() -> Iterator[tuple[str, str | bytes]]:
        for spec, number in numbers.items():
            yield f"{number}.safetensors", weights_bytes(zoo.net(spec))
        yield "index.json", json.dumps(index, indent=1)

    shutil.rmtree(folder, ignore_errors=True)
    write_folder(folder, files(), modified=FIXED_TIME)


def carry_twins(lineup: Lineup, folder: Path) -> None:
    """Give a variant of a lineup the twins of the original."""
    there = lineup.folder / FOLDER
    if there.is_dir() and not (folder / FOLDER).is_dir():
        copied = ((path.name, path.read_bytes()) for path in sorted(there.iterdir()))
        write_folder(folder / FOLDER, copied, modified=FIXED_TIME)


def beside_twin(suspect: Suspect, lineup: Lineup, *, device: str) -> Suspect:
    """The suspect with its twin; the suspect alone where the lineup holds none for it.

    Raises:
        DamagedWeights: the twin's file is missing or damaged.
        LineupDamaged: the index of twins is.
    """
    index = lineup.folder / FOLDER / "index.json"
    number = _numbers(index).get(suspect.id) if index.is_file() else None
    if number is None:
        return suspect
    net = load_net(index.parent / f"{number}.safetensors", lineup.shapes[suspect.id])
    return ReferencedSuspect.beside(suspect, net.to(device))


def _numbers(index: Path) -> dict[str, int]:
    """Suspect -> number of its twin's file."""
    try:
        table = parse_json(index.read_bytes(), "it")
        return validated(_Twins, {"number_of": table}, LineupDamaged).number_of
    except (LineupDamaged, UnreadableFile) as error:
        raise LineupDamaged(
            f"{index} is no index of twins ({error}); delete the run and run again"
        ) from error
