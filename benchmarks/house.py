"""How large the house is, and through how many rooms one run leads its reader.

`python benchmarks/house.py` counts lines and files. `--walk HOME` also runs a suite in that folder
and counts the files in which a function is handed the suite, or a record that holds it, and the
same for the opened scores until the evidence is written: what a reader has to open to follow
either. Worker processes are not followed, as neither is sent to them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = ("probes", "organisms", "detect", "evals")
MOST_FILES, LONG, TOO_LONG = 15, 220, 300
MOST_STAYS = {"Suite": 15, "OpenedScores": 8}


def lines_of(path: Path) -> int:
    """Lines of a file, blank ones and docstrings among them."""
    return len(path.read_text(encoding="utf-8").splitlines())


def size() -> bool:
    """Print lines by package, crowded folders and long files; True where no bound is passed."""
    files = {name: sorted((ROOT / name).rglob("*.py")) for name in (*PRODUCT, "tests")}
    lines = {name: sum(map(lines_of, paths)) for name, paths in files.items()}
    for name, paths in files.items():
        print(f"{name}: {lines[name]:,} lines in {len(paths)} files")
    product = [path for name in PRODUCT for path in files[name]]
    print(f"product: {sum(lines[name] for name in PRODUCT):,} lines")
    crowded = {
        folder: count
        for folder in {path.parent for path in product}
        if (count := len(list(folder.glob("*.py")))) > MOST_FILES
    }
    for folder, count in crowded.items():
        print(f"crowded: {folder.relative_to(ROOT)} holds {count} files")
    longest = sorted(((lines_of(path), path) for path in product), reverse=True)
    for count, path in longest:
        if count > LONG:
            print(
                f"{'too long' if count > TOO_LONG else 'long'}: {path.relative_to(ROOT)}, {count}"
            )
    return not crowded and longest[0][0] <= TOO_LONG


def walk(name: str, home: Path) -> bool:
    """Run a suite and print who is handed it, and who its opened scores."""
    from evals.judging.opened_scores import OpenedScores
    from evals.running.run import Progress, run
    from evals.suite.home import Home
    from evals.suite.suite import Suite
    from evals.suite.suite_file import load_suite

    kinds: dict[str, type] = {"Suite": Suite, "OpenedScores": OpenedScores}
    stays: dict[str, dict[str, set[str]]] = {name: {} for name in kinds}
    suite = load_suite(name)
    progress = Progress(lambda record: None, lambda row: None)
    sys.setprofile(_watch(kinds, stays))
    try:
        run(suite.judged_in(), Home(home), workers=2, device="cpu", progress=progress)
    finally:
        sys.setprofile(None)
    for name, files in stays.items():
        count = sum(map(len, files.values()))
        most = MOST_STAYS[name]
        print(f"{name}: {count} functions in {len(files)} files, wanted at most {most} files")
        for file, functions in sorted(files.items()):
            print(f"  {file}: {', '.join(sorted(functions))}")
    return all(len(files) <= MOST_STAYS[name] for name, files in stays.items())


def _watch(
    kinds: dict[str, type], stays: dict[str, dict[str, set[str]]]
) -> Callable[[FrameType, str, Any], None]:
    def look(frame: FrameType, event: str, argument: Any) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(str(ROOT)):
            return
        if code.co_name == "write_evidence":
            kinds.pop("OpenedScores", None)
        if code.co_name.startswith("<") or Path(code.co_filename).parent == Path(__file__).parent:
            return
        given = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        for name, kind in kinds.items():
            if any(_carries(frame.f_locals.get(word), kind) for word in given):
                file = str(Path(code.co_filename).relative_to(ROOT))
                stays[name].setdefault(file, set()).add(code.co_name)

    return look


def _carries(value: object, kind: type) -> bool:
    """Whether an argument is of a kind, or a record of ours that holds one."""
    if isinstance(value, kind) or type(value).__module__.split(".")[0] not in PRODUCT:
        return isinstance(value, kind)
    return any(isinstance(field, kind) for field in getattr(value, "__dict__", {}).values())


def main() -> int:
    """Count, and exit with 1 where a bound is passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--walk", type=Path, help="home of the run to follow, which may be empty")
    parser.add_argument("--suite", default="tiny", help="what to run there (default: %(default)s)")
    given = parser.parse_args()
    within = size()
    if given.walk is not None:
        within &= walk(given.suite, given.walk)
    return int(not within)


if __name__ == "__main__":
    sys.exit(main())
