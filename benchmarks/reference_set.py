"""Make the public reference set anew: grow what is missing, export it, and keep the maze's scores.

`python benchmarks/reference_set.py --home HOME` takes hours in an empty home. It replaces
organisms/reference/ and evals/suite/shipped/, whose files are committed.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from evals.running.engines import LOCAL
from evals.running.reference_run import SCORED, write_reference_run
from evals.running.run import Progress, measured
from evals.scoring.workers import default_workers
from evals.suite.home import Home
from evals.suite.suite import Suite
from evals.suite.suite_file import load_suite
from organisms.growing.population import Wanted, grow
from organisms.travel.archive import export_archive, networks_of
from organisms.travel.reference import FOLDER

WHOLE = ("smoke", "maze")
PARTS = ("keys", "tree", "regression", "language")
A_FAMILY = 3
"""Organisms of every family of the suites in `PARTS`."""


def wanted_of(suite: Suite, whole: bool) -> list[Wanted]:
    """Every group, or the first organisms of every family that is no dose."""
    wanted: dict[object, Wanted] = {}
    for group, one in zip(suite.groups, suite.wanted(), strict=True):
        if not whole and group.role == "dose":
            continue
        few = one if whole else replace(one, count=min(one.count, A_FAMILY))
        wanted.setdefault(group if whole else (group.recipe, group.build), few)
    return list(wanted.values())


def main() -> None:
    """Grow, export and score."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--home", type=Path, required=True)
    options.add_argument("--workers", type=int, default=default_workers())
    given = options.parse_args()
    home = Home(given.home)
    FOLDER.mkdir(exist_ok=True)
    for name in (*WHOLE, *PARTS):
        suite = load_suite(name)
        with home.locked(), LOCAL.opened(workers=given.workers, device="cpu") as engine:
            grown = grow(home.zoo, wanted_of(suite, name in WHOLE), engine=engine)
        path = FOLDER / f"{name}.json"
        for old in (path, networks_of(path)):
            old.unlink(missing_ok=True)
        specs = [record.spec for group in grown for record in group.attempts]
        archive = export_archive(home.zoo, path, specs)
        size = networks_of(path).stat().st_size / 2**20
        print(f"{name}: {len(archive.records)} networks, {size:.1f} MiB, {archive.digest[:12]}")
    silent = Progress(on_attempt=lambda record: None, on_row=lambda row: None)
    for suite in map(load_suite, SCORED):
        measured(suite, home, workers=given.workers, device="cpu", progress=silent)
        print(f"{suite.name}: {write_reference_run(suite, home)}")


if __name__ == "__main__":
    main()
