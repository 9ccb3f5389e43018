"""Which organisms are trained as one program, and which one by one."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import pairwise

from organisms.batched.together import can_train_together
from organisms.net import NetShape
from organisms.regressor import RegressorShape
from organisms.spec import OrganismSpec
from organisms.world import Shape

SMALLEST = 4
"""Organisms below which a batched step costs as much as their own steps."""

WIDEST_ON_CPU = {"transformer": 32, "regressor": 64}
"""Width by architecture up to which a processor is not yet busy with a single network."""

LARGEST = {"cpu": 16, "cuda": 256}
"""Organisms in one program at most: the speed-up of a processor is flat from 8, and what an
interrupted program has trained is lost."""


def pays(shape: Shape, population: int, device: str) -> bool:
    """Whether a population trained as one program is clearly cheaper than one by one.

    On a processor by `benchmarks/results/population-training.json`. A CUDA device has not been
    measured: there the rule rests on the number of kernels, which is that of a single network.

    Args:
        shape: of every network; one of an unmeasured architecture never pays.
        population: organisms in one program.
        device: as torch names it.
    """
    if not isinstance(shape, NetShape | RegressorShape) or population < SMALLEST:
        return False
    if _kind(device) == "cuda":
        return True
    return _kind(device) == "cpu" and shape.width <= WIDEST_ON_CPU[shape.architecture]


def populations(
    specs: Sequence[OrganismSpec], *, device: str, workers: int
) -> list[list[OrganismSpec]]:
    """Split specifications into those to train as one program; lists of one are trained alone.

    Args:
        specs: what is to be trained.
        device: where.
        workers: processes that train side by side; none is left without work for the sake of a
            larger population.

    Raises:
        ValueError: `workers` is below 1.
    """
    if workers < 1:
        raise ValueError(f"need at least one worker, got {workers}")
    groups: dict[Hashable, list[OrganismSpec]] = {}
    for spec in specs:
        apart = can_train_together([spec])
        key: Hashable = spec if apart else (spec.shape, spec.training)
        groups.setdefault(key, []).append(spec)
    planned: list[list[OrganismSpec]] = []
    for group in groups.values():
        parts = max(workers, -(-len(group) // LARGEST.get(_kind(device), 1)))
        if pays(group[0].shape, len(group) // parts, device):
            cuts = [len(group) * part // parts for part in range(parts + 1)]
            planned += [group[low:high] for low, high in pairwise(cuts)]
        else:
            planned += [[spec] for spec in group]
    return planned


def _kind(device: str) -> str:
    return device.partition(":")[0]
