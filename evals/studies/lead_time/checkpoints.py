"""Networks on their way: what training had made of one at some steps, kept on disk."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from torch import nn
from transformer_lens import HookedRootModule

from organisms.growing.train import chunk_steps, lineage, train
from organisms.records.strict import SpecError
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import load_net, weights_bytes


def checkpoint_steps(spec: OrganismSpec, count: int) -> tuple[int, ...]:
    """Steps in about geometric progression, the last that of the finished network.

    Behaviour forms early: equal distances would put most checkpoints after everything happened.
    Training shows its network after every chunk, so steps are multiples of one, the first a single
    chunk. A parent's training, where there is one, comes first and counts.

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

    Args:
        spec: what is trained, on the cpu.
        steps: rising, each a multiple of a chunk or the last.
        folder: of this specification; files appear whole once training is done.

    Raises:
        SpecError: training never showed its network after one of the steps.
        Diverged: the loss stopped being finite.
        DamagedWeights: a kept file cannot be used.
    """
    if not all(_file(folder, step).is_file() for step in steps):
        _train(spec, steps, folder)
    shape = spec.shape
    return {step: load_net(_file(folder, step), shape) for step in steps}


def _train(spec: OrganismSpec, steps: Sequence[int], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    wanted = set(steps)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as name:
        writing = Path(name)

        def keep(step: int, net: nn.Module) -> None:
            if step in wanted:
                _file(writing, step).write_bytes(weights_bytes(net))

        train(spec, on_step=keep)
        written = {step for step in wanted if _file(writing, step).is_file()}
        if missing := sorted(wanted - written):
            raise SpecError(
                f"training of {spec.recipe} never stood at step {missing[0]}; take a family that "
                "is trained and steps of checkpoint_steps()"
            )
        for step in sorted(written):
            _file(writing, step).replace(_file(folder, step))


def _file(folder: Path, step: int) -> Path:
    return folder / f"step-{step:06d}.safetensors"
