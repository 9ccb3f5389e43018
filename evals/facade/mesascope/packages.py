"""The four packages of mesascope have common names: another package may hide one of them."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

MARKS = {
    "probes": "network/suspect.py",
    "organisms": "zoo/zoo.py",
    "detect": "contract/detector.py",
    "evals": "running/run.py",
}
"""Package -> a file that only ours has."""


def require_own_packages() -> None:
    """Say which package hides one of ours, and where it lies; nothing is imported for that.

    Raises:
        ImportError: a package of another project comes first on the path, or ours is missing.
    """
    for package, mark in MARKS.items():
        found = find_spec(package)
        if found is None:
            raise ImportError(f"package {package!r} of mesascope is missing; install it again")
        places = list(found.submodule_search_locations or [found.origin or "this Python"])
        if not any((Path(place) / mark).is_file() for place in places):
            raise ImportError(
                f"the package {package!r} in {places[0]} hides that of mesascope; start Python in "
                "another folder, take that folder off PYTHONPATH, or rename the other package"
            )
