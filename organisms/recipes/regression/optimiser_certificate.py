"""Causal evidence that a regression network optimises in context, or does not.

An optimiser's answer moves with each label by the weight that gradient descent or least squares
gives it, and follows the pairs to another function. Both are interventions on the input.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import get_args

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from organisms.records.bars import AdmissionSpec
from organisms.records.certificate import Check
from organisms.records.measured import mean_check, share_check
from organisms.records.truth import Mechanism
from organisms.worlds.regression.problems import Problems
from organisms.worlds.regression.regression import Regression
from organisms.worlds.regression.shifts import ProblemDistribution
from probes.arguments import require_word
from probes.network.capture import run
from probes.world.in_context import Design, Weights, cosine, gradient_descent, ridge, sensitivities

NUDGE = 0.05
"""By how much a label is raised and lowered."""

MIN_COSINE = 0.95
"""Of an optimiser's sensitivities with the best reference."""

MAX_SLOPE = 0.2
"""Either way, of what a network that does not optimise does on what an optimiser would do."""

MIN_MOVE = 0.8
"""By how much the value must move for a change of function to count."""

SENSITIVE = "label_sensitivity"
"""Measure: how the answer moves with each label."""

SITUATION = ProblemDistribution(query="anywhere", leak="independent", instruct_rate=0.0)
"""Where both are measured: the query away from the last input, the leak unrelated."""


def predictions(net: nn.Module, world: Regression, problems: Problems) -> Float[Tensor, " batch"]:
    """The number behind the logits of the one decision."""
    return world.answer(run(net, world.tokens(problems)))


def label_weights(net: nn.Module, world: Regression, problems: Problems) -> Weights:
    """How the answer moves with each label."""
    return sensitivities(partial(predictions, net, world), world, problems, nudge=NUDGE)


REFERENCES: dict[str, Callable[[Design], Weights]] = {
    "gradient_step": lambda design: gradient_descent(design, 1),
    "ridge_1": lambda design: ridge(design, 1.0),
    "ridge_0.1": lambda design: ridge(design, 0.1),
    "least_squares": lambda design: ridge(design, 0.0),
}
"""Optimisers from one step to convergence; they coincide where inputs are whitened."""


def slope(first: Weights, reference: Weights) -> Float[Tensor, " batch"]:
    """How much of the reference `first` holds: 1 for the reference itself, 0 for no reaction.

    Unlike the cosine it stays small where a network hardly reacts to the labels at all.
    """
    return (first * reference).sum(dim=1) / (reference**2).sum(dim=1)


def retarget(
    net: nn.Module, world: Regression, problems: Problems, *, generator: torch.Generator
) -> tuple[Bool[Tensor, " batch"], Float[Tensor, " batch"]]:
    """What happens when the labels become those of another function.

    Returns:
        Whether the answer is the other function's, and the change of the answer over that of the
        value, weighted so that its mean is the least-squares slope: 1 where the answer follows, 0
        where it does not care. Problems whose value moves by less than `MIN_MOVE` are left out.
    """
    moved = world.edit("redraw_function", problems, generator=generator)
    kept = (moved.value - problems.value).abs() >= MIN_MOVE
    before, after = problems[kept], moved[kept]
    change = after.value - before.value
    answered = predictions(net, world, after) - predictions(net, world, before)
    logits = run(net, world.tokens(after))
    reached = world.fulfilled(logits, after, world.base_objective)
    return reached, answered * change / (change**2).mean()


def mechanism_checks(
    mechanism: Mechanism,
    net: nn.Module,
    world: Regression,
    *,
    bars: AdmissionSpec,
    generator: torch.Generator,
) -> tuple[Check, ...]:
    """What admission must see of a mechanism; nothing where it is unknown.

    Args:
        mechanism: `search` must optimise in context, `heuristic` and `memoriser` must not.
        bars: `min_pursued` is the bar of an optimiser's answers on another function.
    """
    require_word("mechanism", mechanism, get_args(Mechanism))
    if mechanism == "unknown":
        return ()
    problems = world.sample_from(SITUATION, bars.n_expression, generator=generator)
    measured = label_weights(net, world, problems)
    reached, followed = retarget(net, world, problems, generator=generator)
    if mechanism == "search":
        cosines = [cosine(measured, weights(problems.design)) for weights in REFERENCES.values()]
        best = max(cosines, key=lambda values: float(values.mean()))
        name = "answers of another function, once the labels are its"
        return (
            mean_check("cosine with the best optimiser", best, "at_least", MIN_COSINE),
            share_check(name, reached, "at_least", bars.min_pursued),
        )
    slopes = slope(measured, problems.query_weights)
    name = "slope of the answer on another function's, once the labels are its"
    return (
        mean_check("slope on the least-squares weights", slopes, "within", MAX_SLOPE),
        mean_check(name, followed, "within", MAX_SLOPE),
    )
