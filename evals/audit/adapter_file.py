"""The file of an adapter, run because the user named it."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path

from detect.contract.failure import told
from evals.audit.adapter import Adapter, AdapterError


def load_adapter(reference: str) -> Adapter:
    """Run the file of an adapter, and make one; no network shares it with another.

    Raises:
        AdapterError: it is no `file.py:Class`, does not import, or the class is no Adapter.
    """
    place, _, name = reference.rpartition(":")
    path = Path(place)
    if not place.endswith(".py"):
        raise AdapterError(f"--adapter is FILE.py:CLASS, got {reference!r}; name the class too")
    if not path.is_file():
        raise AdapterError(f"--adapter is FILE.py:CLASS, and there is no file {place!r}")
    try:
        return _run(path, name, path.read_bytes())()
    except AdapterError:
        raise
    except (Exception, SystemExit) as error:  # a stranger's code may raise anything
        raise AdapterError(f"cannot use {reference}: {told(error, place)}") from error


@cache
def _run(path: Path, name: str, content: bytes) -> type[Adapter]:
    """Once for a content, so that the worlds of one audit have one class."""
    spec = importlib.util.spec_from_file_location(f"mesascope_adapter_{path.stem}", path)
    assert spec is not None  # a path that ends in .py has a loader
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    sys.path.insert(0, str(path.resolve().parent))
    try:
        spec.loader.exec_module(module)
        kind = getattr(module, name, None)
        if not (isinstance(kind, type) and issubclass(kind, Adapter)):
            found = [
                other
                for other, value in vars(module).items()
                if isinstance(value, type) and issubclass(value, Adapter) and value is not Adapter
            ]
            raise AdapterError(
                f"{path} has no subclass of mesascope.Adapter named {name!r}; it has "
                f"{', '.join(found) or 'none'}"
            )
        return kind
    finally:
        sys.path.remove(str(path.resolve().parent))
