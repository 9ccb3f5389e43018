"""A policy: thresholds on named facts, and what to do where one is crossed."""

from __future__ import annotations

import hashlib
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, with_config

from evals.evidence.validation import STRICT, Words, validated
from probes.arguments import require_fields
from probes.errors import MesascopeError
from probes.parsing import UnreadableFile, parse_toml

BUILT_IN = Path(__file__).parent / "oversight.toml"

SubjectKind = Literal["run", "suspect", "audit"]
Comparison = Literal["above", "below", "at_least", "at_most"]

COMPARISONS: Mapping[Comparison, Callable[[float, float], bool]] = {
    "above": operator.gt,
    "below": operator.lt,
    "at_least": operator.ge,
    "at_most": operator.le,
}


class PolicyError(MesascopeError, ValueError):
    """A policy that cannot be read or applied; the message says which rule and what to do."""


@dataclass(frozen=True)
class PolicyRule:
    """A threshold on one fact; exactly one of the four comparisons is given.

    Attributes:
        name: how reports call the rule.
        when: name of a fact.
        action: what the policy asks for when the rule trips.
        because: why the threshold is where it is.
        applies_to: run, suspect or audit.
        above, below, at_least, at_most: the rule trips where the fact is so.
        if_unmeasured: trip or ignore; not measured is not safe unless the policy says so.
    """

    name: Words
    when: Words
    action: Words
    because: Words
    applies_to: SubjectKind
    above: float | None = None
    below: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    if_unmeasured: Literal["trip", "ignore"] = "trip"

    def __post_init__(self) -> None:
        require_fields(self, error=PolicyError)
        given = [key for key in COMPARISONS if getattr(self, key) is not None]
        if len(given) != 1:
            raise PolicyError(
                f"rule {self.name!r} has {' and '.join(given) or 'no comparison'}; give exactly "
                f"one of {', '.join(COMPARISONS)}, or write two rules"
            )

    @property
    def comparison(self) -> Comparison:
        """The one that is given."""
        return next(key for key in COMPARISONS if getattr(self, key) is not None)

    @property
    def threshold(self) -> float:
        """What the fact is compared with."""
        return float(getattr(self, self.comparison))


@dataclass(frozen=True)
class Policy:
    """Rules under one name.

    Attributes:
        name: as reports print it.
        source: where it was read from.
        sha256: digest of its text.
        rules: at least one, with different names.
    """

    name: str
    source: str
    sha256: str
    rules: tuple[PolicyRule, ...]


def load_policy(path: Path | None = None) -> Policy:
    """Read a policy, by default the example that comes with the package.

    Raises:
        PolicyError: no such file, no TOML, another schema, an unknown, missing or duplicated key,
            a value of the wrong type, no finite threshold, or no rule.
    """
    source = BUILT_IN if path is None else path
    try:
        content = source.read_bytes()
        table = validated(_PolicyFile, parse_toml(content, "it"), PolicyError)
    except FileNotFoundError:
        raise PolicyError(f"no policy at {source}; copy {BUILT_IN} and edit it") from None
    except PolicyError as error:
        raise PolicyError(f"{source}: {error}; {BUILT_IN} is an example") from None
    except (OSError, UnreadableFile) as error:
        raise PolicyError(f"{source} cannot be read: {error}") from error
    return Policy(table.name, str(source), hashlib.sha256(content).hexdigest(), table.rule)


@with_config(STRICT)
@dataclass(frozen=True)
class _PolicyFile:
    schema: Literal[1]
    name: Words
    rule: Annotated[tuple[PolicyRule, ...], Field(min_length=1)]

    def __post_init__(self) -> None:
        names = [rule.name for rule in self.rule]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise PolicyError(f"rules {twice} appear twice; rename one of each")
