"""Import a detector that is no built-in: from a module, or from a file that may lie anywhere."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from detect.contract.detector import Detector, DetectorError, ScoredInside, require_detector
from detect.contract.failure import told


def load_elsewhere(reference: str) -> type[Detector]:
    """Find a detector by `package.module:Class` or `path/to/file.py:Class`.

    Raises:
        DetectorError: nothing is there, it does not import, or it does not keep the contract.
    """
    return require_detector(load_class(reference))


def load_class(reference: str) -> Any:
    """Find whatever stands under a name in a module or a file, which is run for that.

    Raises:
        DetectorError: nothing is there, or it does not import.
    """
    place, _, name = reference.rpartition(":")
    if place.endswith(".py") and not Path(place).is_file():
        raise DetectorError(f"no file {place!r}; give the path of a Python file")
    try:
        module = _run_file(Path(place)) if place.endswith(".py") else importlib.import_module(place)
    except (Exception, SystemExit) as error:  # a stranger's code may raise anything
        raise DetectorError(f"cannot import {place!r}: {told(error, place)}") from error
    if not hasattr(module, name):
        raise DetectorError(f"{place!r} has no {name!r}; check the name after the colon")
    return getattr(module, name)


def _run_file(path: Path) -> ModuleType:
    """Run a file as a module; it ends where the file asks for the score of its own detector."""
    name = f"mesascope_detector_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None  # a path that ends in .py has a loader
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except ScoredInside:
        pass
    except BaseException:
        del sys.modules[name]
        raise
    return module
