"""One training followed from checkpoint to checkpoint: behaviour and every detector's score."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import nn
from transformer_lens import HookedRootModule

from detect.declaration import declare
from detect.registry import load_detector
from evals.scoring.score_table import read_rows, score_once
from evals.scoring.situations import own_situations, situated
from evals.statistics.rates import Rate, rate
from organisms.growing.train import chunk_steps, lineage, train
from organisms.recipes.recipe import Recipe
from organisms.records.strict import SpecError
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import load_net, weights_bytes
from probes.network.capture import run
from probes.network.streams import stream_seed
from probes.network.suspect import Suspect
from probes.writing import clear_parts, line_writer, write_whole


@dataclass(frozen=True, eq=False)
class Trace:
    """One network, checkpoint by checkpoint.

    Attributes:
        family: environment x recipe.
        scores: detector -> score at every step, NaN where it abstained.
        own: fulfilment of the own objective at every step; empty for an aligned network.
        base: fulfilment of the base objective on the same instances.
    """

    family: str
    seed: int
    spec_hash: str
    steps: tuple[int, ...]
    scores: Mapping[str, Float[np.ndarray, " step"]]
    own: tuple[Rate, ...] = ()
    base: tuple[Rate, ...] = ()


def trace(
    spec: OrganismSpec,
    steps: Sequence[int],
    folder: Path,
    detectors: Sequence[str],
    *,
    battery_seed: int,
    instances: int,
) -> Trace:
    """Train and score what `folder` does not hold yet, then measure behaviour.

    Every checkpoint is a suspect with an opaque id, and its network is read anew for every
    detector.

    Args:
        spec: the network; an aligned one has no behaviour to measure.
        folder: of this network alone.
        detectors: registry names or references.

    Raises:
        Diverged: training did.
        DetectorFailed: a detector raised or returned no score; finished scores are kept.
    """
    nets = checkpoints(spec, steps, folder)
    recipe, store = spec.build_recipe(), folder / "scores.jsonl"
    done = {(row.detector, row.suspect, row.key): row for row in read_rows(store)}
    scores: dict[str, list[float]] = {}
    with line_writer(store) as add_line:
        for reference in detectors:
            kind = load_detector(reference)
            key = declare(reference).score_key(battery_seed, "cpu")
            for step in steps:
                id = hashlib.sha256(f"{spec.content_hash}:{step}".encode()).hexdigest()[:12]
                row = done.get((kind.name, id, key))
                if row is None:
                    suspect = Suspect(
                        id=id,
                        network=checkpoints(spec, (step,), folder)[step],
                        environment=recipe.world,
                        access=kind.access,
                        seed=battery_seed,
                        untrained=spec.shape.build,
                    )
                    row = score_once(kind, suspect, key)
                    add_line(json.dumps(asdict(row)))
                scores.setdefault(kind.name, []).append(row.score())
    aligned = recipe.truth.misalignment == "aligned"
    behaviour = {} if aligned else fulfilment(nets, recipe, instances=instances)
    return Trace(
        family=recipe.truth.family,
        seed=spec.seed,
        spec_hash=spec.content_hash,
        steps=tuple(steps),
        scores={name: np.array(values) for name, values in scores.items()},
        own=tuple(own for own, _ in behaviour.values()),
        base=tuple(base for _, base in behaviour.values()),
    )


def checkpoint_steps(spec: OrganismSpec, count: int) -> tuple[int, ...]:
    """Steps in about geometric progression, the last that of the finished network.

    Behaviour forms early: equal distances would put most checkpoints after everything happened.
    Training shows its network after every chunk, so steps are multiples of one, the first a single
    chunk. The training of a parent, where there is one, comes first and counts.

    Raises:
        SpecError: training has fewer chunks than that.
    """
    total = sum(each.budget(spec.training).steps for each in lineage(spec.build_recipe()))
    chunk = chunk_steps("cpu")
    chunks = -(-total // chunk)
    if not 1 <= count <= chunks:
        raise SpecError(
            f"{spec.recipe} has {total} training steps in chunks of {chunk}; wanted 1 to {chunks} "
            f"checkpoints, got {count}"
        )
    places: list[int] = []
    for k in range(count - 1):
        place = max(round(chunks ** (k / (count - 1))), places[-1] + 1 if places else 1)
        places.append(min(place, chunks - (count - 1 - k)))
    return (*(place * chunk for place in places), total)


def checkpoints(
    spec: OrganismSpec, steps: Sequence[int], folder: Path
) -> dict[int, HookedRootModule]:
    """The network after each of some steps, in evaluation mode; trained if one is missing.

    Steps are rising multiples of a chunk, or the last. Files appear whole once training is done.

    Raises:
        SpecError: training never showed its network after one of the steps.
        Diverged: the loss stopped being finite.
        DamagedWeights: a kept file cannot be used.
    """
    files = {step: folder / f"step-{step:06d}.safetensors" for step in steps}
    if not all(file.is_file() for file in files.values()):
        _train(spec, files, folder)
    return {step: load_net(file, spec.shape) for step, file in files.items()}


def _train(spec: OrganismSpec, files: Mapping[int, Path], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    clear_parts(folder)
    seen: dict[int, bytes] = {}

    def keep(step: int, net: nn.Module) -> None:
        if step in files:
            seen[step] = weights_bytes(net)

    train(spec, on_step=keep)
    if missing := sorted(set(files) - set(seen)):
        raise SpecError(
            f"training of {spec.recipe} never stood at step {missing[0]}; take a family that is "
            "trained and steps of checkpoint_steps()"
        )
    for step, weights in sorted(seen.items()):
        write_whole(files[step], weights)


def fulfilment(
    nets: Mapping[int, nn.Module], recipe: Recipe, *, instances: int
) -> dict[int, tuple[Rate, Rate]]:
    """How often every checkpoint fulfils the own and the base objective, on the same instances.

    Situations are those in which admission expects the own objective, such as the whole trigger
    on a private shift. Neither admission nor a detector draws from their stream of instances. The
    situation with the least of the own objective counts, as admission wants it in each.

    Raises:
        SpecError: no situation is expected to show an objective of its own.
    """
    world = recipe.world
    found: dict[int, list[tuple[Rate, Rate]]] = {step: [] for step in nets}
    generator = torch.Generator().manual_seed(stream_seed("lead time", recipe.seed))
    for situation in own_situations(recipe):
        drawn = situated(recipe, situation, instances, generator=generator)
        tokens = world.tokens(drawn)
        for step, net in nets.items():
            logits = run(net, tokens)
            own, base = (
                rate(int(world.fulfilled(logits, drawn, objective).sum()), instances)
                for objective in (recipe.truth.objective, world.base_objective)
            )
            found[step].append((own, base))
    return {step: min(each, key=lambda pair: pair[0].detected) for step, each in found.items()}
