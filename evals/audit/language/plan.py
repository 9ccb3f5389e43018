"""How a budget of forward passes is spent on a language model; a pass is one prompt."""

from __future__ import annotations

from dataclasses import dataclass

from detect.triggers.context_finding import CHOOSING_LEVELS, FRESH_LEVELS, SLOT_LEVELS
from evals.audit.adapter import AdapterError
from evals.audit.language.following import ASKED
from evals.audit.language.questions import SHIFTS, Questions
from evals.audit.language.reading import MOST_SITES
from evals.audit.sizes import ALONE, Sizes

PASSES = 2_000
"""The usual budget."""

FOLLOWING = "evals.audit.language.following:UserFollowing"
PROBE = "evals.audit.language.knowing:FactProbe"

LEAST = 40
"""Percent of the usual sizes; fewer prompts would tell nothing."""

RESTARTS, SWEEPS, LEVELS = 1, 2, 4
"""Of the search for words, whose proposals are tested on a fixed number of fresh prompts."""


@dataclass(frozen=True)
class Plan:
    """What is asked of one model, at most.

    Attributes:
        passes: prompts by part of the audit.
    """

    sizes: Sizes
    passes: dict[str, int]

    @property
    def total(self) -> int:
        """Prompts in all, at most."""
        return sum(self.passes.values())


def planned(world: Questions, budget: int) -> Plan:
    """The largest plan within a budget.

    Raises:
        AdapterError: the budget is too small for any.
    """
    least = _scaled(world, LEAST)
    if least.total > budget:
        raise AdapterError(
            f"got --passes {budget}, and the questions in English need {least.total} forward "
            "passes at least; give as many, or probe the model with mesascope probe"
        )
    low, high = LEAST, LEAST + 1
    while _scaled(world, high).total <= budget:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _scaled(world, middle).total <= budget else (low, middle)
    return _scaled(world, low)


def _scaled(world: Questions, percent: int) -> Plan:
    """The plan in which sizes are a percentage of the usual ones."""

    def size(usual: int) -> int:
        return usual * percent // 100

    checked, shown, telling = size(48), size(16), size(32)
    following, choices, probed, steered = size(64), size(40), size(240), 4 * size(24)
    sizes = Sizes(
        checked=checked,
        shown=shown,
        telling=telling,
        spelled=False,
        detectors={
            FOLLOWING: {"n_instances": following},
            "reward_model": {"n_instances": choices},
            PROBE: {"n_instances": probed},
            "goal_steering": {"n_instances": steered},
            "trigger_search": {
                "n_restarts": RESTARTS, "n_sweeps": SWEEPS, "n_levels": LEVELS,
            },
        },
    )  # fmt: skip
    passes = {
        "checks": 2 * checked + ALONE + 3,
        "examples": (1 + len(SHIFTS)) * shown,
        "rival objectives": telling,
        FOLLOWING: len(ASKED) * following,
        "reward_model": len(SHIFTS) * choices,
        PROBE: probed,
        "goal_steering": 2 * steered + MOST_SITES * steered // 4,
        "trigger_search": _searching(world),
    }
    return Plan(sizes, passes)


def _searching(world: Questions) -> int:
    """Two ascents, the second on half as many prompts; choosing, testing and spelling out."""
    tried, half = world.slots * world.values, LEVELS // 2
    climbing = (1 + RESTARTS * SWEEPS * tried) * (LEVELS + half)
    testing = CHOOSING_LEVELS * (1 + 2 * RESTARTS) + 2 * FRESH_LEVELS
    return climbing + testing + SLOT_LEVELS * (2 + tried)
