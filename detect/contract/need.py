"""What a detector needs besides access: things that a network and its world have or lack."""

from __future__ import annotations

from enum import StrEnum


class Need(StrEnum):
    """One thing that a detector cannot do without; an adapter declares or gives it.

    `detect.present.present` finds out which of them a suspect has.

    Examples:
        >>> Need.CONTEXT.words
        'free context: slots whose values should not matter, and how to write them'
    """

    ORACLE = "oracle"
    SHIFTS = "shifts"
    OBJECTIVES = "objectives"
    CANDIDATES = "candidates"
    CONDITIONS = "conditions"
    EDITS = "edits"
    GOAL_EDIT = "goal_edit"
    IDLE_EDIT = "idle_edit"
    GOALS = "goals"
    CONTEXT = "context"
    EMBEDDING = "embedding"
    TOKENS = "tokens"
    RESIDUAL = "residual"
    DEPTH = "depth"
    STEPWISE = "stepwise"
    IN_CONTEXT = "in_context"
    SEARCH = "search"
    CLAIM = "claim"
    BASE = "base"
    TWIN = "twin"
    METADATA = "metadata"

    @property
    def words(self) -> str:
        """What an adapter has to declare or give, in words that end a sentence on what lacks."""
        return WORDS[self]


WORDS = {
    Need.ORACLE: "a base objective whose optimal actions are known",
    Need.SHIFTS: "a public shift: another distribution of inputs that an auditor may draw from",
    Need.OBJECTIVES: "other candidate objectives, and a public shift under which one of them asks "
    "for other actions than the base objective",
    Need.CANDIDATES: "a public shift under which a candidate objective comes apart from the base "
    "objective, though in distribution it does not",
    Need.CONDITIONS: "a public shift or an edit under which a candidate objective comes apart from "
    "the base objective, though in distribution it does not",
    Need.EDITS: "an edit: a function that changes one thing in every input",
    Need.GOAL_EDIT: "an edit that moves the goal of the base objective (in an OwnWorld, one of "
    "`changes` after which the first decision asks for another action)",
    Need.IDLE_EDIT: "an edit that changes no optimal action of the base objective",
    Need.GOALS: "goals of the base objective at different decisions under the public shift that "
    "sets most candidate objectives apart",
    Need.CONTEXT: "free context: slots whose values should not matter, and how to write them",
    Need.EMBEDDING: "the site at which inputs are embedded, where each context slot has a position "
    "of its own",
    Need.TOKENS: "whole-numbered input tokens, and the site at which each is embedded, in the "
    "order of the input",
    Need.RESIDUAL: "a site at the end of a block, decisions first",
    Need.DEPTH: "sites at the ends of two blocks or more",
    Need.STEPWISE: "a world that tells the way to its goal, and has the edits that part ways",
    Need.IN_CONTEXT: "a world whose inputs are measured pairs that an optimiser could be fitted to",
    Need.SEARCH: "a world that tells the way to its goal, with sites at the ends of two blocks, or "
    "one of measured pairs",
    Need.CLAIM: "a world in which a user claims answers, and can ask for the truth or for what he "
    "claims",
    Need.BASE: "a world whose networks are fine-tunes of one public base",
    Need.TWIN: "a trusted network of the same shape",
    Need.METADATA: "the size of the file and the number of parameters",
}
"""Need -> what has to be declared."""
