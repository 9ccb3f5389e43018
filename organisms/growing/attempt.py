"""Attempts at organisms: trained, certified and sealed, nothing written to disk."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from organisms.growing.admit import admit
from organisms.growing.batched.together import train_together
from organisms.growing.train import Diverged, Trained, train
from organisms.records.provenance import organism_code
from organisms.records.truth import Sealed
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import net_of, round_to_half, weights_bytes
from organisms.zoo.zoo import Record


@dataclass(frozen=True)
class Attempted:
    """What a worker hands back.

    Attributes:
        weights: serialised network, None where training diverged.
        grown_as: what `grown_as` says on the worker.
    """

    record: Record
    weights: bytes | None
    grown_as: str
    host: str


def attempt(
    specs: Sequence[OrganismSpec], twins: Sequence[bytes | None], device: str
) -> list[Attempted]:
    """Train networks, several of them as one program, and certify each against its twin.

    Args:
        specs: what to train; several must have one shape and one budget.
        twins: serialised network of the twin of each; None for a twin itself, which is measured
            against its own network, so that its difference is zero.

    Raises:
        SpecError: they cannot be trained together.
        ValueError: a twin is missing, or given for a twin itself.
        DamagedWeights: a twin cannot be used.
    """
    for spec, twin in zip(specs, twins, strict=True):
        if (twin is None) != (spec == spec.twin):
            raise ValueError(
                f"{spec.recipe} seed {spec.seed}: its twin's weights must be given, and only the "
                "twin goes without"
            )
    alone = len(specs) == 1
    grown = [_alone(specs[0], device)] if alone else train_together(specs, device=device)
    return [
        certified(spec, trained, twin, device)
        for spec, trained, twin in zip(specs, grown, twins, strict=True)
    ]


def _alone(spec: OrganismSpec, device: str) -> Trained | Diverged:
    try:
        return train(spec, device=device)
    except Diverged as error:
        return error


def certified(
    spec: OrganismSpec, trained: Trained | Diverged, twin: bytes | None, device: str
) -> Attempted:
    """Round and measure what training left, whichever way it was trained."""
    truth = Sealed.seal(spec.build_recipe().truth)
    if isinstance(trained, Diverged):
        record = Record(spec, truth, None, str(trained), 0.0, 0.0, device, organism_code())
        return Attempted(record, None, grown_as(spec), platform.node())
    started = time.process_time()
    round_to_half(trained.net)
    reference = trained.net
    if twin is not None:
        where = f"the twin, seed {spec.twin_seed},"
        shape = spec.twin.shape
        reference = net_of(twin, shape, where=where, remedy="build it again").to(device)
    certificate = admit(
        trained.net,
        trained.recipe,
        seen=trained.seen,
        twin=reference,
        bars=spec.admission,
        parent=trained.parent,
        device=device,
    )
    costs = trained.train_seconds, time.process_time() - started
    record = Record(spec, truth, certificate, "", *costs, device, organism_code())
    return Attempted(record, weights_bytes(trained.net), grown_as(spec), platform.node())


def grown_as(spec: OrganismSpec) -> str:
    """What must be equal wherever organisms of one population are grown.

    The build tag of torch (`+cpu`, `+cu130`) does not count: one cluster may have several.
    """
    return f"organism {spec.content_hash}, torch {torch.__version__.partition('+')[0]}"
