"""A policy: thresholds on named facts, and what to do where one is crossed."""

from __future__ import annotations

import hashlib
import math
import operator
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from organisms.records.strict import SpecError, strict
from probes.errors import MesascopeError

SCHEMA = 1
BUILT_IN = Path(__file__).parent / "oversight.toml"
SUBJECTS = ("run", "suspect")
IF_UNMEASURED = ("trip", "ignore")

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
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
        applies_to: run or suspect.
        above, below, at_least, at_most: the rule trips where the fact is so.
        if_unmeasured: trip or ignore; not measured is not safe unless the policy says so.
    """

    name: str
    when: str
    action: str
    because: str
    applies_to: str
    above: float | None = None
    below: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    if_unmeasured: str = "trip"

    def __post_init__(self) -> None:
        for key in ("name", "when", "action", "because"):
            if not getattr(self, key).strip():
                raise PolicyError(f"rule {self.name!r}: {key!r} is empty; say it in words")
        for key, allowed in (("applies_to", SUBJECTS), ("if_unmeasured", IF_UNMEASURED)):
            if getattr(self, key) not in allowed:
                raise PolicyError(
                    f"rule {self.name!r}: {key} is {getattr(self, key)!r}, wanted one of {allowed}"
                )
        given = [key for key in COMPARISONS if getattr(self, key) is not None]
        if len(given) != 1:
            raise PolicyError(
                f"rule {self.name!r} has {' and '.join(given) or 'no comparison'}; give exactly "
                f"one of {', '.join(COMPARISONS)}, or write two rules"
            )
        if not math.isfinite(self.threshold):
            raise PolicyError(
                f"rule {self.name!r}: {self.comparison} is {self.threshold}; no fact can be "
                "compared with that, give a finite number"
            )

    @property
    def comparison(self) -> str:
        """The key of `COMPARISONS` that is given."""
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

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise PolicyError(f"{self.source}: the policy has no name; give one")
        if not self.rules:
            raise PolicyError(f"{self.source}: the policy is empty; add a [[rule]]")
        names = [rule.name for rule in self.rules]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise PolicyError(f"{self.source}: rules {twice} appear twice; rename one of each")


def load_policy(path: Path | None = None) -> Policy:
    """Read a policy, by default the example that comes with the package.

    Raises:
        PolicyError: no such file, no TOML, another schema, an unknown, missing or duplicated key,
            a value of the wrong type, no finite threshold, or no rule.
    """
    source = BUILT_IN if path is None else path
    try:
        content = source.read_bytes()
        data = tomllib.loads(content.decode())
    except FileNotFoundError:
        raise PolicyError(f"no policy at {source}; copy {BUILT_IN} and edit it") from None
    except (OSError, ValueError) as error:
        raise PolicyError(f"{source} is not readable TOML: {error}") from error
    try:
        table = strict(_Table, data, "policy")
        if table.schema != SCHEMA:
            raise SpecError(f"schema is {table.schema}; this version reads only schema {SCHEMA}")
        if not isinstance(table.rule, list):
            raise SpecError("'rule' must be a list of tables; write [[rule]] before each")
        rules = tuple(_rule(row, number) for number, row in enumerate(table.rule, start=1))
    except SpecError as error:
        raise PolicyError(f"{source}: {error}; {BUILT_IN} is an example") from error
    return Policy(table.name, str(source), hashlib.sha256(content).hexdigest(), rules)


@dataclass(frozen=True)
class _Table:
    """The file as read."""

    schema: int
    name: str
    rule: Any = field(default_factory=list)


def _rule(row: object, number: int) -> PolicyRule:
    name = row.get("name", "without a name") if isinstance(row, dict) else row
    where = f"rule {number}, {name}"
    if not isinstance(row, dict):
        raise SpecError(f"[{where}] must be a table, got {row!r}")
    numbers = {key: row[key] for key in COMPARISONS if key in row}
    for key, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise SpecError(f"{key!r} in [{where}] must be a number, got {value!r}")
    return strict(PolicyRule, {**row, **{k: float(v) for k, v in numbers.items()}}, where)
