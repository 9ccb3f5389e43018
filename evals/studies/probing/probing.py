"""A probe sweep of one network: which of its environment's variables are where, with controls."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from probes.errors import MesascopeError
from probes.linear.control import token_features
from probes.linear.controlled import ControlledSweep, Controls, controlled_sweep
from probes.linear.features import BUDGET, Features
from probes.linear.folds import Folds
from probes.linear.rows import Rows, Targets
from probes.linear.sweep import Fit
from probes.network.sites import residual_sites
from probes.network.suspect import Suspect
from probes.world.decision_targets import decision_targets

SCHEMA = "mesascope.probe/1"
DIRECTIONS = 50
"""Random directions at every site."""


class ProbingError(MesascopeError, ValueError):
    """A probe sweep that cannot be made as asked; the message says why."""


@dataclass(frozen=True)
class Question:
    """What to sweep.

    Attributes:
        fit: kind of probe and its penalties.
        sites: none means the residual stream before the first block and inside and after each.
        targets: names, or beginnings of names; none means all of the environment's.
        shift: public shift to draw from; None is in distribution.
        instances: how many are drawn.
        folds: each is tested by probes fitted on the others.
        shuffles: of the labels, for the p-values.
        by_position: probes of their own at every decision, instead of one for all.
        budget: bytes of activations kept at a time.
        device: where the network and the probes live.
    """

    fit: Fit
    sites: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    shift: str | None = None
    instances: int = 400
    folds: int = 4
    shuffles: int = 39
    by_position: bool = False
    budget: int = BUDGET
    device: str = "cpu"


@dataclass(frozen=True)
class Cell:
    """One site, position and target; accuracies are on instances the probe never saw.

    Attributes:
        site: where.
        decision: position; None where one probe serves all decisions.
        target: what.
        accuracy: of the probe, over all folds.
        lowest_fold: of the folds.
        highest_fold: of the folds.
        chance: of always saying the commonest training class.
        control_task: Hewitt and Liang's; None where the tokens are all alike.
        selectivity: accuracy less that.
        shuffled: mean over shuffled labels.
        untrained: at the same site with fresh weights.
        input_only: from the decision's token and place.
        random_direction: 95% quantile over random directions of the site.
        p_value: corrected for the whole scan.
    """

    site: str
    decision: int | None
    target: str
    accuracy: float
    lowest_fold: float
    highest_fold: float
    chance: float
    control_task: float | None
    selectivity: float | None
    shuffled: float
    untrained: float
    input_only: float
    random_direction: float
    p_value: float


@dataclass(frozen=True)
class Reading:
    """A finished sweep.

    Attributes:
        suspect: its id.
        environment: its world.
        question: what was asked.
        cells: by target, then site, then position.
        left_out: target -> why it was not probed.
    """

    suspect: str
    environment: str
    question: Question
    cells: tuple[Cell, ...]
    left_out: dict[str, str]

    def best(self, target: str) -> Cell:
        """The cell of a target with the highest accuracy, the first of equals."""
        return max((c for c in self.cells if c.target == target), key=lambda cell: cell.accuracy)

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {
            "schema": SCHEMA,
            "suspect": self.suspect,
            "environment": self.environment,
            "question": asdict(self.question),
            "cells": [asdict(cell) for cell in self.cells],
            "left_out": self.left_out,
        }


def probe(suspect: Suspect, question: Question) -> Reading:
    """Sweep the sites of a suspect for what its environment knows.

    Raises:
        ProbingError: a shift, site or target does not exist, or nothing is left to probe for.
        FeatureError: activations cannot be used.
        ValueError: there are too few instances for the folds.
    """
    world, generator = suspect.environment, suspect.generator()
    if question.shift is not None and question.shift not in world.public_shifts:
        raise ProbingError(
            f"{world.name!r} has no public shift {question.shift!r}; choose one of "
            f"{list(world.public_shifts)}"
        )
    sites = question.sites or _usual_sites(suspect)
    if not sites:
        raise ProbingError("the network names no residual sites; name sites with --site")
    if unknown := sorted(set(sites) - set(suspect.sites())):
        raise ProbingError(f"the network has no site {unknown[0]!r}; it has {suspect.sites()}")
    instances = world.sample(question.instances, generator=generator, shift=question.shift)
    n_decisions = suspect.outputs(instances[:1]).shape[1]
    tokens = world.tokens(instances)[:, :n_decisions].cpu()
    chosen, left_out = _targets(decision_targets(world, instances), question)
    device = question.device

    def features(of: Suspect) -> Features:
        return Features(
            lambda part, wanted: of.capture(instances[part], wanted),
            n_instances=len(instances),
            sites=sites,
            budget=question.budget,
            device=device,
        )

    rows = Rows.choose(
        features(suspect),
        Targets.of(chosen),
        Folds.draw(question.instances, count=question.folds, generator=generator),
        positions=range(n_decisions),
        pooled=not question.by_position,
    )
    controls = Controls(
        untrained=features(suspect.untrained()),
        inputs=Features.given({"input": token_features(tokens).to(device)}, device=device),
        types=_kinds(tokens, world.goal(instances).cpu()),
        n_shuffles=question.shuffles,
        n_directions=DIRECTIONS,
    )
    swept = controlled_sweep(rows, fit=question.fit, controls=controls, generator=generator)
    return Reading(suspect.id, world.name, question, tuple(_cells(swept, question)), left_out)


def _usual_sites(suspect: Suspect) -> tuple[str, ...]:
    """Residual sites without those that repeat what the block before left."""
    before = residual_sites(suspect, kinds=("hook_resid_pre",))
    later = residual_sites(suspect, kinds=("hook_resid_mid", "hook_resid_post"))
    return tuple(site for site in residual_sites(suspect) if site in before[:1] or site in later)


def _kinds(
    tokens: Int[Tensor, "batch decision channel"], goal: Int[Tensor, " batch"]
) -> Int[Tensor, "batch decision"]:
    """Kinds of input for the control task: decision, token there, and goal.

    Tokens alone are so few that any site which holds them knows every labelling of them by heart.
    """
    decision = torch.arange(tokens.shape[1]).expand(len(tokens), -1)[..., None]
    seen = torch.cat([tokens, decision, goal[:, None, None].expand_as(decision)], dim=2)
    kinds: Tensor = torch.unique(seen.flatten(0, 1), dim=0, return_inverse=True)[1]
    return kinds.view(tokens.shape[:2])


def _targets(
    labels: dict[str, Tensor], question: Question
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The targets asked for that have two classes, and why others are left out."""
    wanted = {
        name: values
        for name, values in labels.items()
        if not question.targets or name.startswith(question.targets)
    }
    single = [name for name, values in wanted.items() if len(torch.unique(values)) < 2]
    left_out = dict.fromkeys(single, "one class only among the instances drawn")
    chosen = {name: values for name, values in wanted.items() if name not in left_out}
    if not chosen:
        reason = f"; {left_out}" if left_out else ""
        raise ProbingError(
            f"no target to probe for: {list(question.targets)} match {list(wanted)} of "
            f"{list(labels)}{reason}; name others, or another --shift"
        )
    return chosen, left_out


def _cells(swept: ControlledSweep, question: Question) -> list[Cell]:
    real = swept.sweep
    cells = []
    for t, target in enumerate(real.targets):
        for s, site in enumerate(real.sites):
            for p, position in enumerate(real.positions):
                place = (s, p, t)
                folds = real.fold_accuracy[place]
                cells.append(
                    Cell(
                        site=site,
                        decision=position if question.by_position else None,
                        target=target,
                        accuracy=float(real.accuracy[place]),
                        lowest_fold=float(folds.min()),
                        highest_fold=float(folds.max()),
                        chance=float(real.chance[p, t]),
                        control_task=_number(swept.control_task[place]),
                        selectivity=_number(swept.selectivity[place]),
                        shuffled=float(swept.shuffled[place]),
                        untrained=float(swept.untrained[place]),
                        input_only=float(swept.inputs[place]),
                        random_direction=float(swept.random_direction[place]),
                        p_value=float(swept.p_value[place]),
                    )
                )
    return cells


def _number(value: Tensor) -> float | None:
    return None if math.isnan(float(value)) else float(value)
