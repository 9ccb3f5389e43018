"""The lineup in other clothes: untrained networks, and the same networks in disguise."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import torch
from transformer_lens import HookedRootModule

from detect.declaration import Declaration, declared
from evals.scoring.blind import FIXED_TIME, Lineup
from evals.scoring.score_table import Row, score_lineup
from evals.scoring.twins import carry_twins
from organisms.nets.disguise import can_disguise, disguised
from organisms.zoo.weights import weights_bytes
from probes.network.access import Access
from probes.network.streams import stream_seed
from probes.writing import write_folder

AFFORDABLE = 1.0
"""CPU-seconds per suspect up to which a detector of the battery scores variants as well."""

Change = Callable[[HookedRootModule, torch.Generator], HookedRootModule]


@dataclass(frozen=True)
class Variants:
    """Scores of variants, made before any truth is opened.

    Attributes:
        untrained: rows of detectors on networks with fresh weights under the suspects' ids.
        disguised: rows on copies that compute the same from permuted, sign-flipped weights.
    """

    untrained: tuple[Row, ...]
    disguised: tuple[Row, ...]


def score_variants(
    lineup: Lineup,
    detectors: Sequence[str | Declaration],
    *,
    folder: Path,
    store: Path,
    executor: Executor,
    device: str,
    limit: float = AFFORDABLE,
) -> Variants:
    """Write both variants of a lineup and score them; what is there already is kept.

    Args:
        detectors: registry names or references; those that cost more than `limit` are left out,
            and only those that look inside score disguises.
        store: folder of their scores, which no worker is told.
        limit: CPU-seconds per suspect that a detector may declare.
    """
    cheap = [one for one in map(declared, detectors) if one.cost <= limit]
    inside = [one for one in cheap if one.access >= Access.ACTIVATIONS]
    if not any(can_disguise(lineup.net(id)) for id in lineup.ids):
        inside = []

    def hidden(net: HookedRootModule, generator: torch.Generator) -> HookedRootModule:
        """Networks of other architectures stay as they are; constructions are in random bases."""
        return disguised(net, generator) if can_disguise(net) else net

    def fresh(net: HookedRootModule, generator: torch.Generator) -> HookedRootModule:
        built: HookedRootModule = net.shape.build(generator)
        return built

    rows = {}
    for name, change, chosen in (("untrained", fresh, cheap), ("disguised", hidden, inside)):
        variant = write_variant(lineup, folder / name, change, name)
        rows[name] = tuple(
            score_lineup(
                variant,
                chosen,
                store=store / f"{name}.jsonl",
                executor=executor,
                device=device,
            )
            if chosen
            else ()
        )
    return Variants(rows["untrained"], rows["disguised"])


def write_variant(lineup: Lineup, folder: Path, change: Change, name: str) -> Lineup:
    """A lineup of changed networks under the same ids, in the same order, with the same sizes.

    The change of a network is drawn from its id, so that it tells nothing else.
    """
    if (folder / "index.json").is_file():
        there = Lineup.read(folder)
        if (there.ids, there.battery_seed) == (lineup.ids, lineup.battery_seed):
            carry_twins(lineup, folder)
            return there

    def files() -> Iterator[tuple[str, str | bytes]]:
        for id in lineup.ids:
            seed = stream_seed(f"{name}/{id}", lineup.battery_seed)
            generator = torch.Generator().manual_seed(seed)
            yield f"{id}.safetensors", weights_bytes(change(lineup.net(id), generator))
        yield "index.json", (lineup.folder / "index.json").read_bytes()

    shutil.rmtree(folder, ignore_errors=True)
    write_folder(folder, files(), modified=FIXED_TIME)
    carry_twins(lineup, folder)
    return Lineup.read(folder)
