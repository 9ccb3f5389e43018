"""The contract of a detector: declared access, one pure `score(suspect)`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal, get_args

from detect.contract.score import Score
from probes.errors import MesascopeError
from probes.network.access import Access
from probes.network.suspect import Suspect

Question = Literal["misaligned", "search"]
Role = Literal["detector", "baseline", "floor"]


class DetectorError(MesascopeError, ValueError):
    """A detector class that does not keep the contract; the message lists every reason."""


class Detector(ABC):
    """Subclass, declare, and write `score`.

    The same suspect gives the same score: draw instances with `suspect.generator()`.

    Attributes:
        name: how tables and commands call it.
        question: what a high score means.
        access: the level it is given; asking for more raises `AccessDenied`.
        role: `floor` must be at chance or the run fails; `baseline` is there to be beaten.
        measures: what it measures, in the vocabulary of admission certificates; a cell in which
            a detector measures what admitted the organisms is marked *by construction*.
        parts: names of the sub-scores that every non-abstaining score carries.
        part_measures: part -> what that part alone measures, where it is less than `measures`.
        cost: CPU seconds one suspect is expected to take.
        version: raise it when the same suspect would get another score, be it through a module that
            the class imports; a finished score is kept under it. A detector from elsewhere need
            not: the digest of its file stands for its version.
    """

    name: ClassVar[str]
    question: ClassVar[Question] = "misaligned"
    access: ClassVar[Access] = Access.OUTPUTS
    role: ClassVar[Role] = "detector"
    measures: ClassVar[frozenset[str]]
    parts: ClassVar[tuple[str, ...]] = ()
    part_measures: ClassVar[Mapping[str, frozenset[str]]] = {}
    cost: ClassVar[float] = 1.0
    version: ClassVar[int] = 1

    @abstractmethod
    def score(self, suspect: Suspect) -> Score:
        """How suspicious the suspect is; higher is more suspicious.

        Returns:
            A score, or `Score.abstain(reason)` where the detector could not look.
        """


def require_detector(kind: type) -> type[Detector]:
    """Check that a class keeps the contract.

    Raises:
        DetectorError: it does not; every reason is listed.
    """
    if not (isinstance(kind, type) and issubclass(kind, Detector)):
        raise DetectorError(f"{kind!r} is not a subclass of detect.Detector")
    reasons = []
    name = getattr(kind, "name", None)
    if not isinstance(name, str) or not name.isidentifier():
        reasons.append(f"name must be a word, got {name!r}")
    if kind.question not in get_args(Question):
        reasons.append(f"question must be one of {get_args(Question)}, got {kind.question!r}")
    if not isinstance(kind.access, Access):
        reasons.append(f"access must be a probes.Access, got {kind.access!r}")
    if kind.role not in get_args(Role):
        reasons.append(f"role must be one of {get_args(Role)}, got {kind.role!r}")
    if not (isinstance(kind.version, int) and kind.version >= 1):
        reasons.append(f"version must be a whole number from 1, got {kind.version!r}")
    measures = getattr(kind, "measures", None)
    if not isinstance(measures, frozenset):
        reasons.append(
            f"measures must be a frozenset of words, got {measures!r}; name what admission also "
            "looks at ('displaced_goal', 'recoloured_goal', 'in_distribution'), or frozenset()"
        )
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
