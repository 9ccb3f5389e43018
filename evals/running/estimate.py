"""What a build will cost in time, memory and disk, measured on this machine before it starts."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace

import torch

from detect.registry import load_detector
from evals.running.grow import live_pair
from evals.suite.build import Build
from evals.suite.home import Home
from evals.suite.suite import Suite
from organisms.growing.train import train
from organisms.records.bars import AdmissionSpec
from organisms.travel.reference import reference_attempts
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import weights_bytes

PROBE_STEPS = 16
PROCESS_GIB = 0.7
"""Resident memory of one process with torch and TransformerLens loaded, measured."""
ADMISSION_FORWARDS_PER_STEP = 3.0
"""A training step costs about as much as three forward passes over its batch."""


@dataclass(frozen=True)
class Estimate:
    """Expected cost; duds come on top.

    Attributes:
        organisms: networks still to be trained, twins included.
        suspects: networks still to be scored.
        minutes: wall-clock on this machine with this many workers.
        memory_gib: of all processes together.
        disk_mib: of weights in the zoo.
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


def estimate(
    suite: Suite, home: Home, *, workers: int, reference: bool = True, live: bool = False
) -> Estimate:
    """Measure a few training steps and add up what is missing.

    Args:
        suite: what is to be built.
        home: what is already there.
        workers: processes that will share the work.
        reference: whether organisms of the reference set are taken and not grown.
        live: whether two of them are grown all the same.
    """
    wanted = suite.wanted()
    taken = {
        spec
        for group in wanted
        if reference
        for attempt in reference_attempts(group)
        for spec in (attempt, attempt.twin)
    }
    missing = _missing(suite, home, taken)
    for spec in live_pair(wanted) if live else ():
        place = next(name for name, twin in suite.twins.items() if twin == spec.twin)
        missing[place] += home.zoo.load(spec) is None
    suspects = suite.size - _scored(suite, home)
    score_seconds = sum(load_detector(name).cost for name in suite.detectors)
    seconds, disk = suspects * score_seconds, 0
    for name, build in suite.builds.items():
        if missing[name]:
            seconds += missing[name] * _organism_seconds(build)
        weights = weights_bytes(build.twin.shape.build(torch.Generator().manual_seed(0)))
        disk += missing[name] * len(weights)
    return Estimate(
        organisms=sum(missing.values()),
        suspects=suspects,
        minutes=seconds / workers / 60,
        memory_gib=PROCESS_GIB * (workers + 1),
        disk_mib=disk / 2**20,
    )


def _missing(suite: Suite, home: Home, taken: Collection[OrganismSpec]) -> Counter[str]:
    """Build -> networks still to be trained, its twin included."""

    def there(spec: OrganismSpec) -> bool:
        record = home.zoo.load(spec)
        return spec in taken if record is None else record.admitted

    missing: Counter[str] = Counter()
    for name, twin in suite.twins.items():
        missing[name] += not there(twin)
    for group, wanted in zip(suite.groups, suite.wanted(), strict=True):
        found = sum(there(wanted.attempt(number)) for number in range(wanted.max_attempts))
        missing[group.build] += max(wanted.count - found, 0)
    return missing


def _organism_seconds(build: Build) -> float:
    """CPU seconds to train and admit one network, from a few steps of the twin's training."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        short = replace(build.twin, training=replace(build.training, steps=PROBE_STEPS))
        train(short)
        started = time.process_time()
        train(short)
        per_step = (time.process_time() - started) / PROBE_STEPS
    finally:
        torch.set_num_threads(threads)
    per_instance = per_step / (ADMISSION_FORWARDS_PER_STEP * build.training.batch_size)
    admission = per_instance * _admission_instances(build.admission)
    return per_step * build.training.steps + admission


def _admission_instances(bars: AdmissionSpec) -> int:
    """Forward passes of one admission: the twin comparison twice, about five other checks."""
    return 2 * bars.n_equivalence + 5 * bars.n_expression


def _scored(suite: Suite, home: Home) -> int:
    """About how many suspects have all their rows."""
    store = home.run(suite) / "scores.jsonl"
    rows = len(store.read_text(encoding="utf-8").splitlines()) if store.is_file() else 0
    return min(rows // len(suite.detectors), suite.size)
