"""Where suites lie: built-in ones by name, any other by the path of its file; loads no torch."""

from __future__ import annotations

import re
from pathlib import Path

from organisms.records.strict import SpecError
from probes.errors import MesascopeError
from probes.parsing import parse_toml

BUILT_IN = Path(__file__).parent / "suites"

SHIPPED = Path(__file__).parent / "shipped"
"""Runs on the reference set that come with the package, one file per suite."""

QUICK = "_quick"
"""Ending of the names of quick suites: `maze_quick` is `maze` with its cheap detectors."""

FRESH = re.compile(r"(.+)_fresh([0-9]{1,9})")
"""Names of suites with seeds of their own: `maze_fresh42` is `maze` with other organisms."""

_ENDING = re.compile(r"(.+?)((?:_fresh[0-9]{1,9})?(?:_quick)?)")


class NoRun(MesascopeError, ValueError):
    """A home without a run of the suite that is asked for."""


def suite_path(name_or_path: str) -> Path:
    """The file of a suite, whose name may end as `FRESH` and `QUICK` say.

    Raises:
        SpecError: there is none.
    """
    path = Path(_parts(name_or_path)[0])
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
    ending = _parts(name_or_path)[1]
    runs = home / "runs"
    folders = sorted(runs.iterdir()) if runs.is_dir() else ()
    return tuple(one for one in folders if one.name.startswith(f"{name}{ending}-"))


def require_run(suite: str, home: Path) -> None:
    """Refuse a suite that was never run in this home, before anything heavy is loaded.

    Raises:
        SpecError: there is no such suite.
        NoRun: none of its runs lies there, and none comes with the package.
    """
    if not runs_of(suite, home) and not (SHIPPED / f"{suite}.json.gz").is_file():
        raise NoRun(
            f"there are no frozen scores of suite {suite!r} in {(home / 'runs').absolute()}; "
            f"`mesascope run --suite {suite}` makes them, or say by --home where they lie"
        )


def _parts(name_or_path: str) -> tuple[str, str]:
    """A name without its endings, and the endings."""
    found = _ENDING.fullmatch(name_or_path)
    return (found[1], found[2]) if found else (name_or_path, "")
