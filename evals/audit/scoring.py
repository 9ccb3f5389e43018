"""Scores of the network and of those it is compared with; finished ones are kept."""

from __future__ import annotations

import hashlib
import json
import math
import os
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from detect.contract.detector import Detector
from detect.contract.failure import file_of, told
from detect.contract.score import Score
from detect.declaration import declare
from detect.registry import load_detector
from evals.audit.opening import BATTERY_SEED, Opened, Source, open_network
from evals.audit.reference import open_reference
from evals.scoring.score_table import Row, require_score
from evals.scoring.workers import local_workers
from organisms.records.typed import Cost, Count, validated_rows
from probes.errors import MesascopeError
from probes.parsing import parse_json
from probes.writing import line_writer

FAILED = "it failed: "
"""Begins the reason of a detector that raised: such a score is not kept, but tried again."""

PACKAGES = ("probes", "detect", "organisms", "evals", "mesascope", "__main__")
"""Modules of ours: what a score depends on in them is the version of its detector."""


class ScoresDamaged(MesascopeError, ValueError):
    """A file of finished scores of an audit that cannot be read."""


@dataclass(frozen=True)
class Scored:
    """One detector's score of one network, and what it found.

    Attributes:
        detector: name.
        network: digest of what was read.
        value: None where it could not look.
        found: in words.
        reason: why it could not look; empty otherwise.
        context: the context that was found, None where any value does; empty where none was.
        objective: what the network is said to pursue; empty where nothing is said.
        posterior: candidate objective -> probability; empty where none was computed.
        forward_passes: instances sent through the network.
        cpu_seconds: of the scoring process.
        key: hash of the detector and its version, the battery seed and the device.
    """

    detector: str
    network: str
    value: float | None
    found: str
    reason: str
    context: tuple[int | None, ...]
    objective: str
    posterior: dict[str, float]
    forward_passes: Count
    cpu_seconds: Cost
    key: str

    @classmethod
    def of_row(cls, row: Row) -> Scored:
        """A score that was frozen in a run."""
        kept = asdict(row)
        kept.pop("parts")
        network = kept.pop("suspect")
        return cls(network=network, context=(), objective="", posterior={}, **kept)


@dataclass(frozen=True)
class Task:
    """One network to score.

    Attributes:
        name: what it is called in the audit.
        path: where it is; of a reference network its identity.
        source: how it is read; None for a reference network.
        twin: a trusted network to lay beside it.
    """

    name: str
    path: Path
    source: Source | None
    device: str
    twin: Path | None = None

    def open(self) -> Opened:
        """Read the network."""
        if self.source is None:
            return open_reference(self.path.name, self.device)
        return open_network(self.path, self.source)

    @cached_property
    def digest(self) -> str:
        """What a finished score depends on besides the detector: bytes read, not places.

        Ask for it when the networks are open, so that all that an adapter imports is there.
        """
        whole = hashlib.sha256()
        if self.source is None:
            whole.update(f"reference/{self.path.name}".encode())
            return whole.hexdigest()[:16]
        file, _, name = self.source.adapter.rpartition(":")
        whole.update(f"{name}/{self.source.world}".encode())
        if self.source.passes is not None:
            whole.update(f"{self.source.passes} passes".encode())
        adapter = Path(file) if file else None
        read = {"adapter": adapter, "lora": self.source.lora, "twin": self.twin, "": self.path}
        for role, path in read.items():
            if path is None:
                continue
            for each in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if each.is_file():
                    place = each.relative_to(path) if path.is_dir() else each.name
                    whole.update(f"{role}/{place}".encode())
                    whole.update(hashlib.sha256(each.read_bytes()).digest())
        for name, path in _imported() if file else ():
            whole.update(name.encode() + hashlib.sha256(path.read_bytes()).digest())
        return whole.hexdigest()[:16]


def _imported() -> Iterator[tuple[str, Path]]:
    """Modules by name that are loaded and belong to no library: what an adapter may rest on."""
    libraries = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib"))
    for name, module in sorted(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if not path or name.partition(".")[0] in PACKAGES or path.startswith(libraries):
            continue
        if not {"site-packages", "dist-packages"} & set(Path(path).parts) and Path(path).is_file():
            yield name, Path(path)


def score_networks(
    tasks: Sequence[Task],
    detectors: Sequence[str],
    *,
    store: Path,
    workers: int,
    on_score: Callable[[Scored], None] = lambda scored: None,
) -> dict[str, dict[str, Scored]]:
    """Score networks in worker processes; what is finished is read from the store.

    A detector that raises counts as one that could not look; its reason says what it raised. The
    next start asks it again, since a device may only have been full.

    Args:
        store: folder of finished scores, one JSONL file per network; what a killed audit left
            half-written is dropped.
        on_score: told of every score.

    Returns:
        Name of the network -> detector, as it was asked for -> its score.

    Raises:
        ScoresDamaged: the store cannot be read.
        MesascopeError: a network cannot be opened.
    """
    keys = {name: declare(name).score_key(BATTERY_SEED, tasks[0].device) for name in detectors}
    table: dict[str, dict[str, Scored]] = {task.name: {} for task in tasks}
    parts: list[tuple[Task, list[str]]] = []
    for task in tasks:
        missing = []
        done = {one.key: one for one in _finished(_kept(store, task))}
        for name in detectors:
            one = done.get(keys[name])
            if one is None:
                missing.append(name)
            else:
                table[task.name][name] = one
                on_score(one)
        # The dearest first, shared among workers, so that none is left alone with the last one.
        missing.sort(key=lambda name: -load_detector(name).cost)
        share = workers if len(tasks) < workers else 1
        parts += [(task, missing[start::share]) for start in range(share)]
    parts = [(task, names) for task, names in parts if names]
    if not parts:
        return table
    name_of = {key: name for name, key in keys.items()}
    each = _in_turn(parts, keys) if workers == 1 else _side_by_side(parts, keys, workers)
    for task, found in each:
        with line_writer(_kept(store, task)) as add:
            for one in found:
                if not one.reason.startswith(FAILED):
                    add(json.dumps(asdict(one)))
                table[task.name][name_of[one.key]] = one
                on_score(one)
    return table


Parts = Sequence[tuple[Task, Sequence[str]]]
"""Networks, and the detectors that have not looked at them."""


def _in_turn(parts: Parts, keys: Mapping[str, str]) -> Iterator[tuple[Task, Iterable[Scored]]]:
    """Score in this process."""
    for task, names in parts:
        yield task, score_network(task, names, keys)


def _side_by_side(
    parts: Parts, keys: Mapping[str, str], workers: int
) -> Iterator[tuple[Task, Iterable[Scored]]]:
    """Score in processes."""
    with local_workers(min(workers, len(parts))) as executor:
        pending = {executor.submit(_in_worker, task, names, keys): task for task, names in parts}
        for future in as_completed(pending):
            yield pending[future], future.result()


def _in_worker(task: Task, names: Sequence[str], keys: Mapping[str, str]) -> list[Scored]:
    return list(score_network(task, names, keys))


def _kept(store: Path, task: Task) -> Path:
    """Where the finished scores of a network lie."""
    return store / f"{task.digest}.jsonl"


def score_network(
    task: Task, detectors: Sequence[str], keys: Mapping[str, str]
) -> Iterator[Scored]:
    """The scores of one network, one by one."""
    opened = task.open()
    twin = None
    needed = any(load_detector(name).needs_twin for name in detectors)
    if needed and task.twin is not None and task.source is not None:
        twin = open_network(task.twin, task.source.trusted)
    for name in detectors:
        kind = load_detector(name)
        options = opened.sizes.detectors.get(name, {})
        one = score_opened(kind, opened, twin if kind.needs_twin else None, options)
        yield replace(one, network=task.digest, key=keys[name])


def score_opened(
    kind: type[Detector],
    opened: Opened,
    twin: Opened | None = None,
    options: Mapping[str, int] = MappingProxyType({}),
) -> Scored:
    """One detector's score of one network."""
    suspect = opened.suspect(kind.access, twin)
    started = time.process_time()
    try:
        score = require_score(kind, kind(**options).score(suspect))
    except (Exception, SystemExit) as error:  # a stranger's network or detector may raise anything
        score = Score.abstain(f"{FAILED}{told(error, file_of(kind))}")
    return Scored(
        detector=kind.name,
        network="",
        value=None if math.isnan(score.value) else float(score.value),
        found=score.found,
        reason=score.reason,
        context=tuple(score.context),
        objective=score.objective,
        posterior=dict(score.posterior),
        forward_passes=suspect.meter.forward_passes,
        cpu_seconds=time.process_time() - started,
        key="",
    )


def _finished(store: Path) -> tuple[Scored, ...]:
    """Scores of a store; none where it is missing."""
    if not store.is_file():
        return ()
    whole, _, torn = store.read_bytes().rpartition(b"\n")
    try:
        lines = [parse_json(line, "a line") for line in whole.splitlines()]
        finished = validated_rows(Scored, lines, ScoresDamaged)
    except ValueError as error:
        raise ScoresDamaged(
            f"{store} is not a file of audit scores ({error}); delete it and audit again"
        ) from error
    if torn:
        os.truncate(store, store.stat().st_size - len(torn))
    return finished
