"""The command as a user types it: help, errors and exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.main import get_command

from calling import ROOT, Typed
from evals.command.cli import app
from evals.running.run import Finished
from evals.suite.home import Home
from evals.suite.suite import Suite
from evals.suite.suite_names import BUILT_IN

TINY = BUILT_IN / "tiny.toml"

HELP = """
import atexit, sys, evals.command.cli as cli
atexit.register(lambda: print("torch loaded:", "torch" in sys.modules))
sys.argv = ["mesascope", "--help"]
cli.main()
"""


def test_help_lists_the_commands_without_loading_torch() -> None:
    done = subprocess.run([sys.executable, "-c", HELP], capture_output=True, text=True, check=True)
    assert set(get_command(app).commands) <= set(done.stdout.split())  # type: ignore[attr-defined]
    assert "torch loaded: False" in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "--suite", "huge"), "no suite 'huge'"),
        (("run", "--suite", "missing.toml"), "no suite 'missing.toml'"),
        (("run", "--suite", "typo.toml"), "aplha: this key is unknown"),
        (("zoo", "grow", "--suite", "tiny", "--device", "cuda"), "no CUDA device"),
        (("probe", "abc", "--suite", "tiny", "--device", "cuda"), "no CUDA device"),
        (("study", "mechanism", "--device", "tpu"), "tpu"),
        (("risk", "--evidence", "missing.json"), "no evidence at missing.json"),
        (("zoo", "show", "abc", "--suite", "tiny"), "no frozen scores"),
        (("report", "--suite", "tiny"), "no frozen scores"),
        (("score", "--suite", "tiny", "--detector", "nobody"), "no detector 'nobody'"),
        (("score", "--suite", "tiny", "--detector", "no/such.py:X"), "no/such.py"),
        (("score", "--suite", "tiny", "--detector", "random_score"), "no frozen scores"),
        (("probe", "abc", "--suite", "tiny"), "no organism does"),
        (("probe", "abc", "--suite", "tiny", "--method", "guess"), "guess"),
        (("risk",), "risk of what?"),
        (("run", "--workers", "-1"), "greater than or equal to 0"),
        (("study", "power", "--alpha", "2"), "outside (0, 1)"),
        (("study", "power", "--detection", "1"), "outside (0, 1)"),
    ],
)
def test_bad_input_ends_with_a_message_and_exit_code_2(
    words: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    typed: Typed,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "typo.toml").write_text(TINY.read_text().replace("alpha =", "aplha ="))
    assert message in typed(*words, code=2)


def test_our_own_bugs_are_told_apart_from_bad_input(
    monkeypatch: pytest.MonkeyPatch, typed: Typed
) -> None:
    def broken(name: str) -> Suite:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr("evals.suite.suite_file.load_suite", broken)
    printed = typed("run", code=3)
    assert "boom" in printed
    assert "bug in mesascope" in printed


def test_a_dry_run_and_an_empty_zoo_say_what_a_build_does_and_build_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: Typed
) -> None:
    monkeypatch.chdir(tmp_path)
    printed = typed("zoo", "grow", "--suite", "tiny", "--dry-run")
    assert "13 networks to train" in printed
    assert "GiB memory" in printed
    assert "mesascope zoo grow" in typed("zoo", "list")
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_finished_run_can_be_asked_again(finished: Finished, home: Home, typed: Typed) -> None:
    place = ("--suite", "tiny", "--home", str(home.root))
    page, evidence = finished.folder / "report.html", finished.folder / "evidence.json"
    expected = {
        ("run", *place): ("misaligned networks of suite tiny", "Seen:", str(page)),
        ("zoo", "list", "--home", str(home.root)): ("deceptive_trigger", "admitted"),
        ("study", "budget", *place): ("has no curve", "budget.json", "picture: none"),
        ("zoo", "show", finished.judged.members[0].id, *place): ("truth", "certificate"),
        ("risk", "--evidence", str(evidence), "--draws", "10000"): ("residual", "subgoal"),
    }
    for words, phrases in expected.items():
        printed = typed(*words)
        for phrase in phrases:
            assert phrase in printed, words
    assert "<svg" in page.read_text()


def test_ctrl_c_says_that_finished_work_is_kept(tmp_path: Path) -> None:
    started = subprocess.Popen(
        [sys.executable, "-m", "evals.command.cli", "zoo", "grow", "--suite", str(TINY),
         "--workers", "1"],
        cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    while not (tmp_path / ".mesascope").exists() and started.poll() is None:
        time.sleep(0.05)
    started.send_signal(signal.SIGINT)
    _, errors = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "the same command resumes" in errors
    assert "Traceback" not in errors
