"""One training followed from checkpoint to checkpoint: behaviour and every detector's score."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from detect.declaration import declare
from detect.registry import load_detector
from evals.scoring.score_table import read_rows, score_once
from evals.statistics.rates import Rate
from evals.studies.lead_time.checkpoints import checkpoints
from evals.studies.lead_time.divergence import Expressed, expressed
from organisms.zoo.spec import OrganismSpec
from probes.network.suspect import Suspect


@dataclass(frozen=True, eq=False)
class Trace:
    """One network, checkpoint by checkpoint.

    Attributes:
        family: environment x recipe.
        seed: of the network.
        spec_hash: of its specification.
        steps: rising.
        scores: detector -> score at every step, NaN where it abstained.
        own: fulfilment of the own objective at every step; empty of an aligned network.
        base: fulfilment of the base objective on the same instances.
    """

    family: str
    seed: int
    spec_hash: str
    steps: tuple[int, ...]
    scores: Mapping[str, Float[np.ndarray, " step"]]
    own: tuple[Rate, ...] = ()
    base: tuple[Rate, ...] = ()

    def __post_init__(self) -> None:
        if list(self.steps) != sorted(set(self.steps)) or not self.steps:
            raise ValueError(f"{self.family}: steps must rise, got {self.steps}")
        sizes = {name: len(values) for name, values in self.scores.items()}
        wanted = len(self.steps)
        if any(size != wanted for size in sizes.values()) or len(self.own) not in (0, wanted):
            raise ValueError(
                f"{self.family}, seed {self.seed}: {wanted} steps with {sizes} scores and "
                f"{len(self.own)} shares of the own objective"
            )


def trace(
    spec: OrganismSpec,
    steps: Sequence[int],
    folder: Path,
    detectors: Sequence[str],
    *,
    battery_seed: int,
    instances: int,
) -> Trace:
    """Train as far as checkpoints are missing, score as far as scores are, measure behaviour.

    Every checkpoint is a suspect of an opaque id, its network read anew for every detector.

    Args:
        spec: the network; an aligned one has no behaviour to measure.
        steps: as of `checkpoint_steps`.
        folder: where this network's checkpoints and finished scores are kept.
        detectors: registry names or references.
        battery_seed: fixes every instance that detectors draw.
        instances: of each situation in which behaviour is measured.

    Raises:
        Diverged: training did.
        DetectorFailed: a detector raised or returned no score; finished scores are kept.
    """
    nets = checkpoints(spec, steps, folder)
    recipe, shape, store = spec.build_recipe(), spec.shape, folder / "scores.jsonl"
    done = {(row.detector, row.suspect, row.key): row for row in read_rows(store)}
    scores: dict[str, list[float]] = {}
    with store.open("a") as file:
        for reference in detectors:
            kind = load_detector(reference)
            key = declare(reference).score_key(battery_seed, "cpu")
            for step in steps:
                id = hashlib.sha256(f"{spec.content_hash}:{step}".encode()).hexdigest()[:12]
                row = done.get((kind.name, id, key))
                if row is None:
                    net = checkpoints(spec, (step,), folder)[step]
                    suspect = Suspect(
                        id=id,
                        network=net,
                        environment=recipe.world,
                        access=kind.access,
                        seed=battery_seed,
                        untrained=shape.build,
                    )
                    row = score_once(kind, suspect, key)
                    file.write(json.dumps(asdict(row)) + "\n")
                    file.flush()
                scores.setdefault(kind.name, []).append(row.score())
    behaviour: dict[int, Expressed] = {}
    if recipe.truth.misalignment != "aligned":
        behaviour = expressed(nets, recipe, instances=instances)
    return Trace(
        family=recipe.truth.family,
        seed=spec.seed,
        spec_hash=spec.content_hash,
        steps=tuple(steps),
        scores={name: np.array(values) for name, values in scores.items()},
        own=tuple(behaviour[step].own for step in steps) if behaviour else (),
        base=tuple(behaviour[step].base for step in steps) if behaviour else (),
    )
