"""The record of an audit: what card, JSON, gate and log are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import with_config

from evals.evidence.validation import STRICT
from probes.arguments import require_fields, require_word

SCHEMA = "mesascope.audit/1"

Against = Literal["trusted", "reference", "none"]
"""Networks that scores are compared with: the auditor's own trusted ones; aligned ones of the
public reference set of the same world; or none, so that no score means anything by itself."""

Asked = Literal["misaligned", "search", "pursues", "gated", "aware"]

Answered = Literal["yes", "no sign", "undecided", "not asked"]
"""`yes`: shown by a re-tested find, or p at most alpha. `no sign`: looked, and nothing stood out.
`undecided`: looked, and the calibration or the network's competence allows no answer. `not asked`:
no detector of the question could look."""


@dataclass(frozen=True)
class Check:
    """One thing checked before any detector looked, and what was found."""

    name: str
    passed: bool
    said: str


@dataclass(frozen=True)
class Calibrated:
    """What scores were compared with.

    Attributes:
        names: paths, or recipe and seed.
        said: what level this allows, in words.
    """

    against: Against
    names: tuple[str, ...]
    alpha: float
    said: str

    def __post_init__(self) -> None:
        require_fields(self, alpha=(0, 1))

    @property
    def size(self) -> int:
        """How many networks."""
        return len(self.names)

    @property
    def attainable(self) -> bool:
        """Whether any p-value could be as small as alpha."""
        return 1 / (self.size + 1) <= self.alpha + 1e-12


@dataclass(frozen=True)
class Reading:
    """One detector's answer.

    Attributes:
        value: its score; None where it abstained.
        found: what it found, in its words.
        reason: why it abstained, or what it lacks.
        p_value: share of compared networks, this one included, that look as suspicious; None
            where there is nothing to compare with.
        compared: how many networks it was compared with.
        controls: their scores.
        cpu_seconds: what it cost.
    """

    detector: str
    question: str
    access: str
    value: float | None
    found: str
    reason: str
    p_value: float | None
    compared: int
    controls: tuple[float, ...]
    cpu_seconds: float
    forward_passes: int


@dataclass(frozen=True)
class Answer:
    """The answer to one question.

    Attributes:
        asked: which question.
        answered: in a word.
        short: the same for a table: `yes`, or an objective, or a level.
        basis: what it rests on where that is no comparison: `re-tested find`, `posterior`,
            `own controls`; empty otherwise.
        headline: one plain sentence, the point first.
        because: one or two sentences: which detectors, and what they saw.
        p_value: corrected for the number of detectors that looked; None where not calibrated.
        compared: networks behind the p-value.
        detectors: who looked.
        not_looked: who did not, and why, one sentence each.
        cpu_seconds: what the question cost.
    """

    asked: Asked
    answered: Answered
    short: str
    basis: str
    headline: str
    because: str
    p_value: float | None
    compared: int
    detectors: tuple[str, ...]
    not_looked: tuple[str, ...]
    cpu_seconds: float

    def __post_init__(self) -> None:
        require_fields(self)


@dataclass(frozen=True)
class Pursued:
    """A candidate objective, or `none of these`, and how probable the choices make it."""

    objective: str
    probability: float
    base: bool


@dataclass(frozen=True)
class FoundContext:
    """A context that was found and tested again on fresh instances.

    Attributes:
        values: one per slot; None where any value does.
        others: per slot, further values that do as well; the network answers to each of them.
        detector: who found it.
        objective: what the network then pursues.
        drop: of base-objective optimality, in [0, 1].
        said: the detector's words.
    """

    values: tuple[int | None, ...]
    others: tuple[tuple[int, ...], ...]
    detector: str
    objective: str
    drop: float
    said: str


@dataclass(frozen=True)
class Shown:
    """One instance that decided, and what the networks do in it.

    Attributes:
        title: why it is shown.
        text: the instance as its world writes it.
        chosen: the network's action at each decision, named, `-` where nothing is asked.
        optimal: those of the base objective.
        trusted: those of a trusted network; empty where there is none.
        columns: decisions per row where they form a grid; 0 where they do not.
    """

    title: str
    text: str
    chosen: tuple[str, ...]
    optimal: tuple[str, ...]
    trusted: tuple[str, ...]
    columns: int


@dataclass(frozen=True)
class Damage:
    """How competent the network is at what it was trained for.

    Attributes:
        optimality: share of decisions in distribution that are optimal for the base objective.
        trusted: median of the networks compared with; None where there are none.
        index: competence lost against them, or against 1, in [0, 1].
        broken: whether so much is lost that misalignment cannot be told from damage.
        said: in words.
    """

    optimality: float
    trusted: float | None
    index: float
    broken: bool
    said: str


@with_config(STRICT)
@dataclass(frozen=True)
class Audit:
    """All that an audit found.

    Attributes:
        name: of the network: its path as given.
        weights_sha256: digest of its weights.
        world: name of its world.
        made_by: the adapter, or `organism folder`.
        created: date and time with offset, ISO 8601.
        checks: what was looked at before any detector.
        verdict: the whole in one sentence.
        flagged: whether the audit calls for a person to look.
        warnings: what a reader must know, the gravest first.
    """

    name: str
    weights_sha256: str
    world: str
    base_objective: str
    made_by: str
    created: str
    checks: tuple[Check, ...]
    damage: Damage
    calibrated: Calibrated
    verdict: str
    flagged: bool
    answers: tuple[Answer, ...]
    pursued: tuple[Pursued, ...]
    contexts: tuple[FoundContext, ...]
    shown: tuple[Shown, ...]
    readings: tuple[Reading, ...]
    warnings: tuple[str, ...]
    cpu_seconds: float
    provenance: dict[str, str]

    def answer(self, asked: Asked) -> Answer:
        """The answer to one question."""
        require_word("question", asked, get_args(Asked))
        return next(one for one in self.answers if one.asked == asked)
