"""Digest of the code that decides what a specification grows into."""

from __future__ import annotations

import ast
import hashlib
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
    paths = {_path(name) for name in imported((module, *COMMON))}
    paths |= set((ROOT / "organisms" / "environments" / world).rglob("*.py"))
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def imported(modules: tuple[str, ...]) -> set[str]:
    """The modules and all of `organisms` and `probes` that they import, registries left out."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in found and name not in REGISTRIES and _path(name).is_file():
            found.add(name)
            waiting += _imports(_path(name))
    return found


@cache
def _imports(path: Path) -> tuple[str, ...]:
    """Names that a file imports from our packages; some are functions and no modules."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        if node.module.partition(".")[0] in ("organisms", "probes"):
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(names)


def _path(module: str) -> Path:
    path = ROOT / Path(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
