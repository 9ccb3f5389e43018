"""The pytest plugin in a project that is not about us: it is loaded by every pytest run there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from calling import ROOT
from evals.command.pytest_plugin import pytest_terminal_summary

CONFTEST = """
def pytest_addoption(parser):
    for name in ("--detector", "--detector-suite", "--suite", "--home"):
        parser.addoption(name, default="theirs")
"""
OWN_TEST = """
import sys

def test_own(request):
    assert request.config.getoption("--detector") == "theirs"
    assert not {"torch", "detect", "evals.guests.detector_contract"} & set(sys.modules)
"""


def ran(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    options = ["-p", "evals.command.pytest_plugin", "-q", "-W", "error", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *words],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120"},
    )  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_own.py").write_text(OWN_TEST)
    return tmp_path


def test_a_project_may_have_options_called_as_ours_once_were(project: Path) -> None:
    done = ran(project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


class Reporter:
    """Stands for pytest's own, and keeps what is written."""

    def __init__(self, **stats: list[str]) -> None:
        self.stats, self.written = stats, ""

    def section(self, title: str) -> None:
        self.written += title

    def write_line(self, line: str) -> None:
        self.written += line


class Config:
    """The options of a run in which a detector is named."""

    def getoption(self, name: str) -> str:
        return {"--mesascope-detector": str(ROOT / "detect" / "template.py")}.get(
            name, "no\x1b[31mwhere"
        )


@pytest.mark.parametrize(
    ("stats", "code", "written"),
    [
        ({}, 0, ""),
        ({"error": ["one"]}, 2, "score cardnone: a contract test failed"),
        ({"passed": ["one"]}, 0, r"score cardnone: no suite 'no\x1b[31mwhere'"),
    ],
)
def test_collecting_tests_makes_no_score_card(
    stats: dict[str, list[str]], code: int, written: str
) -> None:
    reporter: Any = Reporter(**stats)
    config: Any = Config()
    pytest_terminal_summary(reporter, code, config)
    assert reporter.written[: len(written)] == written
    assert bool(reporter.written) == bool(written)
    assert reporter.written.isprintable()
