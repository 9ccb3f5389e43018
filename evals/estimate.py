"""What a build will cost in time, memory and disk, measured on this machine before it starts."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import torch

from detect.registry import load_detector
from evals.home import Home
from evals.suite import Suite
from organisms.bars import AdmissionSpec
from organisms.train import build_net, train
from organisms.weights import weights_bytes

PROBE_STEPS = 16
PROCESS_GIB = 0.7
"""Resident memory of one process with torch and TransformerLens loaded, measured."""
ADMISSION_FORWARDS_PER_STEP = 3.0
"""A training step costs about as much as three forward passes over its batch."""


@dataclass(frozen=True)
class Estimate:
    """Expected cost; duds come on top.

    Attributes:
        organisms: networks still to be trained, the twin included.
        suspects: networks still to be scored.
        minutes: wall-clock on this machine with this many workers.
        memory_gib: of all processes together.
        disk_mib: of weights in the zoo and in the lineup.
    """

    organisms: int
    suspects: int
    minutes: float
    memory_gib: float
    disk_mib: float

    def __str__(self) -> str:
        return (
            f"{self.organisms} networks to train and {self.suspects} suspects to score: "
            f"about {self.minutes:.1f} min, {self.memory_gib:.1f} GiB memory, "
            f"{self.disk_mib:.0f} MiB disk"
        )


def estimate(suite: Suite, home: Home, *, workers: int) -> Estimate:
    """Measure a few training steps and add up what is missing.

    Args:
        suite: what is to be built.
        home: what is already there.
        workers: processes that will share the work.
    """
    missing = 0 if home.zoo.load(suite.twin) else 1
    for wanted in suite.wanted():
        records = [home.zoo.load(wanted.attempt(n)) for n in range(wanted.max_attempts)]
        admitted = sum(1 for record in records if record is not None and record.admitted)
        missing += max(wanted.count - admitted, 0)
    suspects = suite.size - _scored(suite, home)
    train_seconds, per_instance = _measure(suite) if missing else (0.0, 0.0)
    admit_seconds = per_instance * _admission_instances(suite.admission)
    score_seconds = sum(load_detector(name).cost for name in suite.detectors)
    seconds = missing * (train_seconds + admit_seconds) + suspects * score_seconds
    net = build_net(suite.twin, generator=torch.Generator().manual_seed(0))
    return Estimate(
        organisms=missing,
        suspects=suspects,
        minutes=seconds / workers / 60,
        memory_gib=PROCESS_GIB * (workers + 1),
        disk_mib=len(weights_bytes(net)) * (missing + suspects) / 2**20,
    )


def _measure(suite: Suite) -> tuple[float, float]:
    """CPU seconds to train one network, and to send one instance through it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        short = replace(suite.twin, training=replace(suite.training, steps=PROBE_STEPS))
        train(short)
        started = time.process_time()
        train(short)
        per_step = (time.process_time() - started) / PROBE_STEPS
    finally:
        torch.set_num_threads(threads)
    forwards = ADMISSION_FORWARDS_PER_STEP * suite.training.batch_size
    return per_step * suite.training.steps, per_step / forwards


def _admission_instances(bars: AdmissionSpec) -> int:
    """Forward passes of one admission: the twin comparison twice, about five other checks."""
    return 2 * bars.n_equivalence + 5 * bars.n_expression


def _scored(suite: Suite, home: Home) -> int:
    """About how many suspects have all their rows."""
    store = home.run(suite) / "scores.jsonl"
    rows = len(store.read_text().splitlines()) if store.is_file() else 0
    return min(rows // len(suite.detectors), suite.size)
