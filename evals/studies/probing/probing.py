"""A probe sweep of one network: which of its environment's variables are where, with controls."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from jaxtyping import Int, Shaped
from torch import Tensor

from probes.arguments import require_fields
from probes.errors import MesascopeError
from probes.linear.control import token_features
from probes.linear.controlled import ControlledSweep, Controls, controlled_sweep
from probes.linear.features import BUDGET, Features
from probes.linear.folds import Folds
from probes.linear.rows import Rows, Targets
from probes.linear.sweep import Fit
from probes.linear.variables import variables, varied
from probes.network.layers import residual_sites
from probes.network.suspect import Suspect
from probes.world.environment import Environment, Instances

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
        by_position: one probe for each decision, instead of one for all decisions.
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

    def __post_init__(self) -> None:
        require_fields(
            self,
            error=ProbingError,
            instances=(2, 10**7),
            folds=(2, 10**7),
            shuffles=(1, 10**6),
            budget=(1, None),
        )


@dataclass(frozen=True)
class Cell:
    """One site, position and target; accuracies are on instances the probe never saw.

    Attributes:
        site: where.
        decision: position; None where one probe serves all decisions.
        target: what.
        accuracy: of the probe, over all folds.
        lowest_fold, highest_fold: of the folds.
        chance: of always saying the commonest training class.
        control_task: Hewitt and Liang's; None where the tokens are all alike.
        selectivity: accuracy less that of the control task.
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

    def best(self, target: str, site: str | None = None) -> Cell:
        """The cell of a target, at one site or at any, with the highest accuracy."""
        cells = (c for c in self.cells if c.target == target and site in (None, c.site))
        return max(cells, key=lambda cell: cell.accuracy)

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {"schema": SCHEMA, **asdict(self)}


def probe(suspect: Suspect, question: Question) -> Reading:
    """Sweep the sites of a suspect for what its environment knows.

    Raises:
        ProbingError: a shift or target does not exist, or nothing is left to probe for.
        UnknownSite: a site does not exist, or stands for no single activation.
        FeatureError: activations cannot be used.
        FoldError: there are too few instances for the folds.
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
    instances = world.sample(question.instances, generator=generator, shift=question.shift)
    n_decisions = suspect.outputs(instances[:1]).shape[1]
    inputs = world.tokens(instances).cpu()
    targets, left_out = _targets(world, instances, question)
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
        targets,
        Folds.draw(question.instances, count=question.folds, generator=generator),
        positions=range(n_decisions),
        pooled=not question.by_position,
    )
    controls = Controls(
        untrained=features(suspect.untrained()),
        inputs=Features.given(
            {"input": token_features(inputs, n_decisions).to(device)}, device=device
        ),
        types=_kinds(inputs, world.goal(instances).cpu(), n_decisions),
        n_shuffles=question.shuffles,
        n_directions=DIRECTIONS,
    )
    swept = controlled_sweep(rows, fit=question.fit, controls=controls, generator=generator)
    return Reading(suspect.id, world.name, question, _cells(swept, question), left_out)


def _usual_sites(suspect: Suspect) -> tuple[str, ...]:
    """Residual sites, without those that repeat what the block before wrote."""
    sites = residual_sites(suspect)
    first = next((site for site in sites if site.endswith("hook_resid_pre")), None)
    return tuple(s for s in sites if s == first or not s.endswith("hook_resid_pre"))


def _kinds(
    inputs: Shaped[Tensor, "batch ..."], goal: Int[Tensor, " batch"], n_decisions: int
) -> Int[Tensor, "batch decision"]:
    """Kinds of input for the control task: decision, goal, and the token there if there is one.

    There are so few different tokens that any site which holds them can learn every labelling of
    them by heart.
    """
    decision = torch.arange(n_decisions).expand(len(inputs), -1)[..., None]
    parts = [decision, goal[:, None, None].expand_as(decision)]
    if inputs.ndim == 3 and not inputs.is_floating_point():
        parts.append(inputs[:, :n_decisions])
    seen = torch.cat(parts, dim=2)
    kinds: Tensor = torch.unique(seen.flatten(0, 1), dim=0, return_inverse=True)[1]
    return kinds.view(decision.shape[:2])


def _targets(
    world: Environment[Any], instances: Instances, question: Question
) -> tuple[Targets, dict[str, str]]:
    """The variables asked for that have two classes, and why others are left out."""
    labels = variables(world, instances)
    wanted = [n for n in labels if not question.targets or n.startswith(question.targets)]
    chosen = varied({name: labels[name] for name in wanted})
    left_out = {n: "one class only among the instances drawn" for n in wanted if n not in chosen}
    if not chosen:
        raise ProbingError(
            f"no target to probe for: {list(question.targets)} match {wanted} of {list(labels)}, "
            f"of which these are left out: {left_out}; name others, or another --shift"
        )
    return Targets.of(chosen), left_out


def _cells(swept: ControlledSweep, question: Question) -> tuple[Cell, ...]:
    real = swept.sweep
    return tuple(
        Cell(
            site=site,
            decision=position if question.by_position else None,
            target=target,
            accuracy=float(real.accuracy[s, p, t]),
            lowest_fold=float(real.fold_accuracy[s, p, t].min()),
            highest_fold=float(real.fold_accuracy[s, p, t].max()),
            chance=float(real.chance[p, t]),
            control_task=_number(swept.control_task[s, p, t]),
            selectivity=_number(swept.selectivity[s, p, t]),
            shuffled=float(swept.shuffled[s, p, t]),
            untrained=float(swept.untrained[s, p, t]),
            input_only=float(swept.inputs[s, p, t]),
            random_direction=float(swept.random_direction[s, p, t]),
            p_value=float(swept.p_value[s, p, t]),
        )
        for t, target in enumerate(real.targets)
        for s, site in enumerate(real.sites)
        for p, position in enumerate(real.positions)
    )


def _number(value: Tensor) -> float | None:
    return None if math.isnan(float(value)) else float(value)
