"""Networks that were grown before: rounded and admitted again under present versions, not trained.

For weights kept in full precision, and for a version raised because admission changed. Whether
training under the present versions would give these networks is for whoever asks to know.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

import torch

from organisms.growing.attempt import Attempted, certified
from organisms.growing.train import Trained, stream
from organisms.recipes.recipe import Recipe
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import net_of
from organisms.zoo.zoo import WEIGHTS, Record, Zoo

KEPT_AS = (torch.float16, torch.float32)
"""Types of numbers that networks are, and were, kept in."""


def readmit(record: Record, weights: bytes, twin: bytes | None) -> Attempted:
    """Certify a kept network as `attempt` does a trained one; runs in a worker process.

    `record` is of when it was grown, `twin` the twin as it is now, None for the twin itself.

    Raises:
        DamagedWeights: a network cannot be used.
    """
    spec, device = record.spec, record.device or "cpu"
    where = f"{spec.recipe} seed {spec.seed}"
    net = net_of(weights, spec.shape, where=where, remedy="build it again", types=KEPT_AS).to(
        device
    )
    trained = Trained(net, spec.build_recipe(), seen(spec, device), record.train_seconds)
    done = certified(spec, trained, twin, device)
    return replace(done, record=replace(done.record, code=record.code))


def seen(spec: OrganismSpec, device: str) -> frozenset[bytes]:
    """Fingerprints of what training saw, from its stream; of a constructed network none."""
    recipe = spec.build_recipe()
    if type(recipe).construct is not Recipe.construct:
        return frozenset()
    chunks = stream(recipe, recipe.budget(spec.training), seed=spec.seed, device=device)
    return frozenset(key for chunk in chunks for key in chunk.batch.instances.fingerprints())


def readmit_all(old: Path, zoo: Zoo, executor: Executor) -> Iterator[tuple[Record, str]]:
    """Admit what lies in a folder of organisms into a zoo, twins first.

    Args:
        old: the folder, of any versions; it may be the zoo's own, and is only read.
        zoo: gets what is not there yet.

    Yields:
        Every old attempt that is not in the zoo: as it is kept now and "", or as it was and why it
        must be grown again.

    Raises:
        ZooError: an old folder is damaged.
    """
    read = ((zoo.read(path), path / WEIGHTS) for path in Zoo(old).folders())
    found = {record.spec: (record, weights) for record, weights in read}
    missing = [each for spec, each in found.items() if not zoo.folder(spec).exists()]
    for twins in (True, False):
        tasks = []
        for record, weights in missing:
            if (record.spec == record.spec.twin) is not twins:
                continue
            if reason := _why_not(record, zoo):
                yield record, reason
            else:
                twin = None if twins else zoo.weights(record.spec.twin)
                tasks.append(executor.submit(readmit, record, weights.read_bytes(), twin))
        for task in tasks:
            done = task.result()
            zoo.save(done.record, done.weights)
            yield done.record, ""


def _why_not(record: Record, zoo: Zoo) -> str:
    spec, parent = record.spec, record.spec.build_recipe().parent()
    if record.certificate is None:
        return "its training diverged"
    if parent is not None:
        return f"it starts from a network of {parent.truth.family}, which is not kept"
    if not (record.device or "cpu").startswith("cpu"):
        return f"it was grown on {record.device}"
    twin = zoo.load(spec.twin)
    return "" if spec == spec.twin or (twin and twin.admitted) else "its twin was not admitted"
