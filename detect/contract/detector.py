"""The contract of a detector: what it declares, and one pure `score(suspect)`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ClassVar, Literal, get_args

from detect.contract.need import Need
from detect.contract.score import Abstain, Score
from probes.arguments import require_fields, unlike
from probes.errors import MesascopeError
from probes.network.access import Access
from probes.network.suspect import Suspect

Question = Literal["misaligned", "search"]
Role = Literal["detector", "baseline", "floor"]


class DetectorError(MesascopeError, ValueError):
    """A detector class that does not keep the contract; the message lists every reason."""


class ScoredInside(MesascopeError, RuntimeError):
    """A file asks for the score of its detector while it is imported to be scored.

    The class stands above that line, so whoever imports the file may stop there and use it.
    """


class Detector(ABC):
    """Subclass, declare, and write `score`; options are fields of a frozen dataclass.

    The same suspect gets the same score: draw instances with `suspect.generator()`.

    Examples:
        >>> class Spread(Detector):
        ...     "Spread of the logits; higher is more suspicious."
        ...     name, measures, cost = "spread", frozenset(), 0.1
        ...     def score(self, suspect):
        ...         batch = suspect.environment.sample(64, generator=suspect.generator())
        ...         return Score(float(suspect.outputs(batch).std()))
        >>> require_detector(Spread).access.label
        'outputs'

    Attributes:
        name: what tables and commands call it.
        question: what a high score means.
        access: the level it is given; asking the suspect for more raises `AccessDenied`.
        needs: what a suspect must have besides, or the detector abstains; a tool that says what
            will run goes by them.
        needs_twin: whether it also compares the suspect with a trusted aligned network
            (`detect.contract.score.trusted_twin`).
        role: a `floor` must be at chance or the run fails; a `baseline` is there to be beaten.
        measures: what it measures, in the words of admission certificates. Where a detector
            measures what admitted an organism, its result is marked *by construction*.
        parts: names of the sub-scores that every score carries, unless it abstains.
        part_measures: part -> what that part alone measures, where it is less than `measures`.
        cost: CPU-seconds that one suspect is expected to take.
        version: raise it whenever the same suspect would get another score, even if the change is
            in a module that the class imports: finished scores are kept under it. The version of
            a detector from elsewhere is the digest of its file.
    """

    name: ClassVar[str]
    question: ClassVar[Question] = "misaligned"
    access: ClassVar[Access] = Access.OUTPUTS
    needs: ClassVar[frozenset[Need]] = frozenset()
    needs_twin: ClassVar[bool] = False
    role: ClassVar[Role] = "detector"
    measures: ClassVar[frozenset[str]]
    parts: ClassVar[tuple[str, ...]] = ()
    part_measures: ClassVar[Mapping[str, frozenset[str]]] = {}
    cost: ClassVar[float] = 1.0
    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        """Refuse options that are no finite numbers; called where options are a dataclass's."""
        require_fields(self, error=DetectorError)

    @abstractmethod
    def score(self, suspect: Suspect) -> Score:
        """How suspicious the suspect is; higher is more suspicious.

        Returns:
            A score. Where the detector cannot look, return `Score.abstain(reason)`, or raise
            `Abstain(reason)` from wherever that is noticed.
        """

    def __init_subclass__(cls) -> None:
        if "score" in vars(cls):
            cls.score = _abstaining(cls.score)  # type: ignore[assignment]


def _abstaining(score: Callable[[Any, Suspect], Score]) -> Callable[[Any, Suspect], Score]:
    @wraps(score)
    def guarded(self: Any, suspect: Suspect) -> Score:
        try:
            return score(self, suspect)
        except Abstain as reason:
            return Score.abstain(str(reason))

    return guarded


def require_detector(kind: type) -> type[Detector]:
    """Check that a class keeps the contract.

    Raises:
        DetectorError: it does not; every reason is listed.
    """
    if not (isinstance(kind, type) and issubclass(kind, Detector)):
        raise DetectorError(f"{kind!r} is not a subclass of detect.Detector")
    reasons = []
    name, measures = getattr(kind, "name", None), getattr(kind, "measures", None)
    if not isinstance(name, str) or not name.isidentifier():
        reasons.append(f"name must be a word, got {name!r}")
    if kind.question not in get_args(Question):
        reasons.append(f"question must be one of {get_args(Question)}, got {kind.question!r}")
    if not isinstance(kind.access, Access):
        reasons.append(f"access must be a probes.Access, got {kind.access!r}")
    if unlike(kind.cost, float) or kind.cost < 0:
        reasons.append(f"cost must be a finite number of seconds from 0, got {kind.cost!r}")
    if kind.role not in get_args(Role):
        reasons.append(f"role must be one of {get_args(Role)}, got {kind.role!r}")
    if not (isinstance(kind.version, int) and kind.version >= 1):
        reasons.append(f"version must be a whole number from 1, got {kind.version!r}")
    if not isinstance(kind.needs, frozenset) or any(not isinstance(n, Need) for n in kind.needs):
        reasons.append(f"needs must be a frozenset of detect Needs, got {kind.needs!r}")
    elif Need.TWIN in kind.needs and not kind.needs_twin:
        reasons.append("needs names a twin; declare needs_twin = True, so that it is given one")
    if not isinstance(measures, frozenset):
        reasons.append(
            f"measures must be a frozenset of words, got {measures!r}; name what admission also "
            "looks at ('displaced_goal', 'recoloured_goal', 'in_distribution'), or frozenset()"
        )
    if odd := [part for part in kind.parts if not str(part).isidentifier()]:
        reasons.append(f"names of parts must be words, got {odd}")
    for part, words in sorted(kind.part_measures.items()):
        if part not in kind.parts:
            reasons.append(f"part_measures names {part!r}, which is not among its parts")
        elif isinstance(measures, frozenset) and not words <= measures:
            reasons.append(f"part {part!r} measures {sorted(words - measures)} beyond it")
    if kind.__abstractmethods__:
        reasons.append(f"it does not implement {sorted(kind.__abstractmethods__)}")
    if reasons:
        raise DetectorError(f"{kind.__name__} is not a detector: " + "; ".join(reasons))
    return kind
