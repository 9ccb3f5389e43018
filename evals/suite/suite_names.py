"""Where suites lie: built-in ones by name, any other by the path of its file; loads no torch."""

from __future__ import annotations

from pathlib import Path

from organisms.records.strict import SpecError
from probes.parsing import parse_toml

BUILT_IN = Path(__file__).parent / "suites"

QUICK = "_quick"
"""Ending of the names of quick suites: `maze_quick` is `maze` with its cheap detectors."""


def suite_path(name_or_path: str) -> Path:
    """The file of a suite, whose name may end in `_quick`.

    Raises:
        SpecError: there is none.
    """
    path = Path(name_or_path.removesuffix(QUICK))
    if path.suffix != ".toml":
        path = BUILT_IN / f"{path}.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in BUILT_IN.glob("*.toml")))
        raise SpecError(
            f"no suite {name_or_path!r}; built-in suites are {known}, or give a path ending in "
            ".toml"
        )
    return path


def runs_of(name_or_path: str, home: Path) -> tuple[Path, ...]:
    """Folders in a home that may hold a run of this suite, whatever its content hash.

    Raises:
        SpecError: there is no such suite.
        UnreadableFile: its file is not TOML.
    """
    name = parse_toml(suite_path(name_or_path).read_bytes(), "the suite").get("name")
    quick = QUICK if name_or_path.endswith(QUICK) else ""
    runs = home / "runs"
    folders = sorted(runs.iterdir()) if runs.is_dir() else ()
    return tuple(one for one in folders if one.name.startswith(f"{name}{quick}-"))
