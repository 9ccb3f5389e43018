"""Which detector is meant, found out without importing anything: a file is only parsed."""

from __future__ import annotations

import ast
import difflib
import inspect
import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from probes.errors import MesascopeError

SESSION = "mesascope_session"
"""Module that holds the classes which were typed into a session and lie in no file."""

PROBE = ".safetensors"
"""Ending of the files of saved probes."""

REGISTRY = Path(__file__).parents[2] / "detect" / "registry.py"


class NoSuchDetector(MesascopeError, ValueError):
    """A reference that names no detector."""


def read_reference(reference: str) -> str:
    """The reference, completed: `mine.py` alone stands for the one detector in it.

    A saved probe is named by the whole path of its file, as workers work elsewhere.

    Raises:
        NoSuchDetector: the file is missing or no Python, or holds no such class.
    """
    place, _, name = reference.rpartition(":")
    if reference.endswith(".py"):
        place, name = reference, ""
    if reference.endswith(PROBE):
        if not Path(reference).is_file():
            raise NoSuchDetector(f"no file {reference!r}; mesascope probe --save writes a probe")
        return str(Path(reference).resolve())
    if not place:
        if reference not in (known := _built_in()):
            raise NoSuchDetector(
                f"no detector {reference!r}; choose one of {', '.join(known)}, or write "
                "file.py:Class or package.module:Class"
            )
        return reference
    if not place.endswith(".py"):
        return reference
    module = _parsed(place)
    classes = [node for node in module.body if isinstance(node, ast.ClassDef)]
    scoring = [one.name for one in classes if _scores(one)]
    if not name:
        if len(scoring) != 1:
            found = ", ".join(scoring) or "none"
            raise NoSuchDetector(
                f"{place} should hold one class with a method score(self, suspect), it holds "
                f"{found}; write {place}:NAME"
            )
        return f"{place}:{scoring[0]}"
    if name not in _bound(module):
        near = difflib.get_close_matches(name, scoring, 1) or scoring[:1]
        hint = f"; did you mean {place}:{near[0]}?" if near else ", nor any class that scores"
        raise NoSuchDetector(f"{place} has no class {name!r}{hint}")
    return reference


def reference_to(detector: Any) -> str:
    """A reference to a class that was handed over as such, or to an instance without options.

    A class in a file is `file.py:Class`, or `module:Class` where it was imported: workers import
    it. A class that lies in no file, as in a notebook, is one of the module `SESSION`, which this
    process alone can import.

    Raises:
        NoSuchDetector: an instance whose options are not those of its class.
    """
    if isinstance(detector, (str, Path)):
        return read_reference(str(detector))
    kind = detector if isinstance(detector, type) else type(detector)
    if kind is not detector and vars(detector) != vars(kind()):
        raise NoSuchDetector(
            f"{kind.__name__} was given options; workers build a detector without any: make a "
            "subclass whose options are the defaults, and give that"
        )
    if kind.__module__ not in ("__main__", "__mp_main__") and _importable(kind):
        return f"{kind.__module__}:{kind.__name__}"
    with suppress(NoSuchDetector, OSError, TypeError):
        if (file := inspect.getfile(kind)).endswith(".py"):  # and not <stdin>
            return read_reference(f"{file}:{kind.__qualname__}")
    session = sys.modules.setdefault(SESSION, ModuleType(SESSION))
    setattr(session, kind.__name__, kind)
    return f"{SESSION}:{kind.__name__}"


def _parsed(place: str) -> ast.Module:
    try:
        return ast.parse(Path(place).read_bytes(), filename=place)
    except OSError as error:
        reason = "no file" if isinstance(error, FileNotFoundError) else "no readable file"
        raise NoSuchDetector(f"{reason} {place!r}; give the path of a Python file") from None
    except SyntaxError as error:
        raise NoSuchDetector(f"line {error.lineno} of {place} is no Python: {error.msg}") from None
    except ValueError as error:
        raise NoSuchDetector(f"{place} is no Python: {error}") from None


def _built_in() -> list[str]:
    """Names of our own detectors, read from the registry, which takes seconds to import."""
    tables = [node for node in ast.walk(_parsed(str(REGISTRY))) if isinstance(node, ast.Dict)]
    return sorted(str(key.value) for key in tables[0].keys if isinstance(key, ast.Constant))


def _scores(kind: ast.ClassDef) -> bool:
    return any(isinstance(part, ast.FunctionDef) and part.name == "score" for part in kind.body)


def _bound(module: ast.Module) -> set[str]:
    """Every name that a file may give a meaning to."""
    names = set[str]()
    for node in ast.walk(module):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def _importable(kind: type) -> bool:
    """Whether another process finds the class under the name of its module."""
    module = sys.modules.get(kind.__module__)
    loaded_by_us = kind.__module__.startswith(("mesascope_detector_", SESSION))
    return getattr(module, kind.__name__, None) is kind and not loaded_by_us
