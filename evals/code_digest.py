"""Which code decides a score: digests by which finished scores are found again, or are not."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from detect.declaration import Declaration
from detect.registry import DETECTORS

PACKAGES = ("detect", "probes", "organisms")


def code_digest(detector: Declaration, battery_seed: int, device: str) -> str:
    """Digest of everything that decides a score besides the weights.

    Of a detector of this package its module counts, and every module that it, a suspect or an
    organism imports, however far: a new detector leaves the scores of others alone. Of a detector
    from elsewhere the file of its class counts, not what that file imports nor where it lies, and
    all that it may import of this package.
    """
    own = f"{detector.name}:{detector.reference.rpartition(':')[2]}:{detector.code}"
    digest = hashlib.sha256(f"{own}:{battery_seed}:{device}".encode())
    kind = DETECTORS.get(detector.reference)
    everything = (*_modules("detect"), *_modules("probes"))
    start = everything if kind is None else (kind.__module__, "probes.suspect")
    for name in imported((*start, *_modules("organisms"))):
        digest.update(f"{name}:{_source_digest(name)}".encode())
    return digest.hexdigest()[:16]


def imported(start: Iterable[str]) -> tuple[str, ...]:
    """Modules of the detectors' packages that some modules import at any remove, themselves too."""
    found: set[str] = set()
    waiting = list(start)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [name.rpartition(".")[0]] if "." in name else []
            waiting += _imports(name)
    return tuple(sorted(found))


@cache
def _imports(name: str) -> tuple[str, ...]:
    """Modules of the packages named in import statements anywhere in a module."""
    named = set()
    for node in ast.walk(ast.parse(_file(name).read_bytes())):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            named |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    ours = {one for one in named if one.partition(".")[0] in PACKAGES}
    return tuple(sorted(one for one in ours if _is_module(one)))


@cache
def _source_digest(name: str) -> str:
    return hashlib.sha256(_file(name).read_bytes()).hexdigest()


@cache
def _is_module(name: str) -> bool:
    """Whether a dotted name is a module, and not a name in one."""
    parent = name.rpartition(".")[0]
    if parent and not (_is_module(parent) and _file(parent).name == "__init__.py"):
        return False
    return importlib.util.find_spec(name) is not None


def _file(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin)


def _modules(package: str) -> Iterator[str]:
    """Every module of a package."""
    root = _file(package).parent
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
