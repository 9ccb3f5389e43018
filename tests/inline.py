"""An engine that grows at once in this process, and specifications that take a blink."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest
from torch import nn

from evals.suite.suite_names import BUILT_IN
from organisms.growing.attempt import Attempted, attempt
from organisms.growing.engine import Engine
from organisms.recipes.table import RECIPES
from organisms.records.bars import AdmissionSpec
from organisms.records.net_spec import NetSpec
from organisms.records.training_spec import TrainingSpec
from organisms.worlds.maze.levels import MazeSize
from organisms.zoo.spec import OrganismSpec

LENIENT = AdmissionSpec(
    min_competence=0.0,
    min_pursued=0.0,
    max_left=1.0,
    min_near_miss=0.0,
    equivalence_margin=1.0,
    min_tie_break=-1.0,
    n_equivalence=100,
    n_expression=60,
)
"""Bars that every network clears."""

QUICK = {
    "width = 32": "width = 16",
    "n_layers = 2": "n_layers = 1",
    "min_competence = 0.9": "min_competence = 0.0",
    "min_pursued = 0.6": "min_pursued = 0.0\nmin_near_miss = 0.0\nmax_left = 1.0",
    "min_tie_break = 0.05": "min_tie_break = -1.0",
    "equivalence_margin = 0.06": "equivalence_margin = 1.0",
    "n_equivalence = 1000": "n_equivalence = 100",
    "n_expression = 300": "n_expression = 60",
}
"""What makes the tiny suite one whose networks take half a second."""

TWIN = OrganismSpec(
    "maze/aligned_plain",
    seed=99,
    twin_seed=99,
    environment=MazeSize(4, 3, 4, 4),
    net=NetSpec(16, 1, 2),
    training=TrainingSpec(steps=8, batch_size=16, learning_rate=0.006, warmup_steps=5),
    admission=LENIENT,
).twin
PLAIN = replace(TWIN, seed=1000)
PROXY = replace(TWIN, recipe="maze/proxy_corner", seed=3000)
WIDE = replace(PLAIN, net=NetSpec(24, 1, 2), seed=1000)
DUD = replace(PROXY, admission=replace(LENIENT, max_left=0.0))
"""Fails its own checks; its twin, measured with the same bars, does not."""
WILD = replace(PLAIN, training=replace(PLAIN.training, learning_rate=1e30), seed=5000)
"""A network whose training diverges, after a twin's of the same budget: grow it by hand."""

_grown: dict[tuple[OrganismSpec, bytes | None], Attempted] = {}


def grown(spec: OrganismSpec, twin: bytes | None = None) -> Attempted:
    """An attempt, made once and remembered."""
    key = (spec, twin)
    if key not in _grown:
        (_grown[key],) = attempt([spec], [twin], "cpu")
    return _grown[key]


def grown_weights(spec: OrganismSpec) -> bytes:
    """The network of an attempt that did not diverge."""
    weights = grown(spec).weights
    assert weights is not None
    return weights


def furthest(one: nn.Module, other: nn.Module) -> float:
    """Largest difference of any weight of two networks."""
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return max(float((a - b).abs().max()) for a, b in pairs)


def raise_version(recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a developer does whose change makes a recipe train otherwise."""
    family = RECIPES[recipe]
    monkeypatch.setitem(RECIPES, recipe, replace(family, version=family.version + 1))


def finished(outcome: list[Attempted] | BaseException) -> Future[list[Attempted]]:
    """Attempts that have come back, or are lost, already."""
    answer: Future[list[Attempted]] = Future()
    if isinstance(outcome, BaseException):
        answer.set_exception(outcome)
    else:
        answer.set_result(outcome)
    return answer


class Inline(Engine):
    """Finishes every attempt when it is ordered.

    Attributes:
        ordered: what was submitted, in order, with the twin's weights.
    """

    def __init__(self) -> None:
        self.ordered: list[tuple[OrganismSpec, bytes | None]] = []

    def submit(
        self, specs: Sequence[OrganismSpec], twins: Sequence[bytes | None]
    ) -> Future[list[Attempted]]:
        """Grow one, in a list of one."""
        self.ordered.append((specs[0], twins[0]))
        return finished([grown(specs[0], twins[0])])


def quick_suite(folder: Path, *, steps: int = 16) -> Path:
    """Write the tiny suite with networks that no one would call organisms."""
    text = (BUILT_IN / "tiny.toml").read_text()
    for old, new in {**QUICK, "steps = 320": f"steps = {steps}"}.items():
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "quick.toml"
    path.write_text(text.replace('name = "tiny"', 'name = "quick"'))
    return path
