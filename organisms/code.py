"""Digest of the code that decides what a specification grows into."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent

COMMON = ("organisms.train", "organisms.admit")
"""Modules that every organism passes through, besides those of its recipe."""

REGISTRIES = frozenset(
    {"organisms.recipes", "organisms.environments", "organisms.spec", "organisms.code"}
)
"""Modules that only look things up: they import every recipe and every world."""


def organism_code(recipe: str) -> str:
    """SHA-256 over the deciding files: changed code grows new organisms, never serves old ones.

    They are the recipe's module, training and admission, everything of `organisms` and `probes`
    that these import, and the whole folder of the environment. The code of one recipe or world
    leaves the organisms of another as they are.

    Args:
        recipe: a family; SpecError where it is unknown.
    """
    from organisms.recipes import recipe_builder

    return _digest(recipe_builder(recipe).__module__, recipe.partition("/")[0])


@cache
def _digest(module: str, world: str) -> str:
    paths = {module_path(name) for name in imported((module, *COMMON))}
    paths |= set((ROOT / "organisms" / "environments" / world).rglob("*.py"))
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def imported(
    modules: Iterable[str],
    *,
    packages: Collection[str] = ("organisms", "probes"),
    left_out: Collection[str] = REGISTRIES,
) -> set[str]:
    """The modules and all of some packages that they import at any remove.

    Args:
        modules: where to start.
        packages: whose modules count.
        left_out: modules that neither count nor are followed.
    """
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in found and name not in left_out and module_path(name).is_file():
            found.add(name)
            named = _imports(module_path(name))
            waiting += [one for one in named if one.partition(".")[0] in packages]
    return found


@cache
def _imports(path: Path) -> tuple[str, ...]:
    """Names that a file imports; some are functions and no modules."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(names)


def module_path(module: str) -> Path:
    """The file of a module of this project; it need not exist."""
    path = ROOT / Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
