"""Which organisms are trained as one program, and which one by one."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import pairwise

from organisms.growing.batched.together import can_train_together, own_budget
from organisms.growing.train import chunk_steps
from organisms.nets.net import NetShape
from organisms.nets.regressor import RegressorShape
from organisms.worlds.world import Shape
from organisms.zoo.spec import OrganismSpec

SMALLEST = 4
"""Organisms below which a batched step costs as much as their own steps."""

WIDEST_ON_CPU = {"transformer": 32, "regressor": 64}
"""Width by architecture up to which a processor is not yet busy with a single network."""

LARGEST = {"cpu": 16, "cuda": 256}
"""Organisms in one program at most: the speed-up of a processor is flat from 8, and what an
interrupted program has trained is lost."""

FULL_ON_CUDA = 64
"""Organisms of a program below which a second process beside it is not worth its context."""

CUDA_PROGRAM_BYTES = 8 * 2**30
"""Memory of one program on a GPU at most: its data of one chunk and the activations of a step."""

SAVED_PER_LAYER = 24
"""Activations of the residual stream's size that the backward pass of a block needs, at an MLP
four times as wide."""


def pays(shape: Shape, population: int, device: str) -> bool:
    """Whether a population trained as one program is clearly cheaper than one by one.

    By `benchmarks/results/population-training.json` on a processor, `population-gpu.json` on a CUDA
    device, where a step costs the launches of its kernels, as many as those of a single network.

    Args:
        shape: of every network; one of an unmeasured architecture never pays.
        population: organisms in one program.
    """
    if not isinstance(shape, NetShape | RegressorShape) or population < SMALLEST:
        return False
    kind = _kind(device)
    return kind == "cuda" or (kind == "cpu" and shape.width <= WIDEST_ON_CPU[shape.architecture])


def populations(
    specs: Sequence[OrganismSpec], *, device: str, workers: int
) -> list[list[OrganismSpec]]:
    """Split specifications into those to train as one program; lists of one are trained alone.

    Args:
        specs: what is to be trained.
        workers: processes that train side by side. On a processor none is left without work for
            the sake of a larger population; on a GPU, which all of them share, another process
            is used for every `FULL_ON_CUDA` organisms.

    Raises:
        ValueError: `workers` is below 1.
    """
    if workers < 1:
        raise ValueError(f"need at least one worker, got {workers}")
    groups: dict[Hashable, list[OrganismSpec]] = {}
    for spec in specs:
        apart = can_train_together([spec])
        groups.setdefault(spec if apart else (spec.shape, own_budget(spec)), []).append(spec)
    planned: list[list[OrganismSpec]] = []
    for group in groups.values():
        parts = _parts(group, device, workers)
        if not pays(group[0].shape, len(group) // parts, device):
            parts = len(group)
        cuts = [len(group) * part // parts for part in range(parts + 1)]
        planned += [group[low:high] for low, high in pairwise(cuts)]
    return planned


def _parts(group: Sequence[OrganismSpec], device: str, workers: int) -> int:
    largest = LARGEST.get(_kind(device), 1)
    if _kind(device) == "cuda":
        workers = min(workers, len(group) // FULL_ON_CUDA)
        largest = min(largest, max(1, CUDA_PROGRAM_BYTES // bytes_of(group[0], device)))
    return max(workers, -(-len(group) // largest))


def bytes_of(spec: OrganismSpec, device: str) -> int:
    """About the memory that one more organism takes in a program.

    Tokens of eight bytes and targets of four are held three times while the next chunk is drawn.
    An unmeasured architecture takes the whole of a program's memory.
    """
    shape, batch = spec.shape, spec.training.batch_size
    if isinstance(shape, NetShape):
        positions, channels = shape.n_decisions + shape.n_others, len(shape.vocabularies)
        answers = shape.n_decisions * shape.n_actions
    elif isinstance(shape, RegressorShape):
        positions, channels, answers = shape.n_positions, shape.n_channels, shape.n_bins
    else:
        return CUDA_PROGRAM_BYTES
    steps = min(chunk_steps(device), spec.training.steps)
    data = 3 * steps * batch * (8 * positions * channels + 4 * answers)
    return data + 4 * batch * positions * shape.width * shape.n_layers * SAVED_PER_LAYER


def _kind(device: str) -> str:
    return device.partition(":")[0]
