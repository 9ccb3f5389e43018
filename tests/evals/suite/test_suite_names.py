"""Suites and their runs are found by name, before anything heavy is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.suite.suite_names import NoRun, require_run, runs_of
from organisms.records.strict import SpecError


@pytest.mark.parametrize("suite", ["tiny", "tiny_quick", "tiny_fresh12", "tiny_fresh12_quick"])
def test_a_home_without_the_run_says_where_to_look(tmp_path: Path, suite: str) -> None:
    with pytest.raises(NoRun, match=f"mesascope run --suite {suite}.*--home"):
        require_run(suite, tmp_path)
    (tmp_path / "runs" / f"{suite}-0123abcd").mkdir(parents=True)
    require_run(suite, tmp_path)
    others = {"tiny", "tiny_quick", "tiny_fresh12", "tiny_fresh12_quick"} - {suite}
    assert not any(runs_of(other, tmp_path) for other in others)


def test_a_run_that_ships_needs_no_home(tmp_path: Path) -> None:
    require_run("maze", tmp_path)


def test_a_suite_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no suite 'ocean_quick'; built-in suites are cpu"):
        require_run("ocean_quick", tmp_path)
