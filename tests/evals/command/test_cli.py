"""The command as a user types it: help, errors and exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from calling import called, mesascope
from evals.running.run import Finished
from evals.suite.home import Home
from evals.suite.suite import Suite
from evals.suite.suite_file import BUILT_IN

TINY = BUILT_IN / "tiny.toml"


def test_help_lists_the_commands_without_loading_torch() -> None:
    done = mesascope("--help")
    assert done.returncode == 0
    for command in (
        "run",
        "build",
        "organisms",
        "show",
        "score",
        "risk",
        "gate",
        "power",
        "budget",
        "probe",
        "report",
    ):
        assert command in done.stdout
    probe = "import sys, evals.command.cli; print('torch' in sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "--suite", "huge"), "no suite 'huge'"),
        (("run", "--suite", "missing.toml"), "no suite 'missing.toml'"),
        (("build", "--suite", "tiny", "--device", "cuda"), "no CUDA device"),
        (("probe", "abc", "--suite", "tiny", "--device", "cuda"), "no CUDA device"),
        (("mechanism", "--device", "tpu"), "tpu"),
        (("risk", "--evidence", "missing.json"), "no evidence at missing.json"),
        (("show", "abc", "--suite", "tiny"), "no frozen scores"),
        (("report", "--suite", "tiny"), "no frozen scores"),
        (("score", "--suite", "tiny", "--detector", "nobody"), "no detector 'nobody'"),
        (("score", "--suite", "tiny", "--detector", "no/such.py:X"), "no/such.py"),
        (("score", "--suite", "tiny", "--detector", "random_score"), "no frozen scores"),
        (("probe", "abc", "--suite", "tiny"), "no organism does"),
        (("probe", "abc", "--suite", "tiny", "--method", "guess"), "guess"),
        (("risk",), "Missing option"),
        (("run", "--workers", "-1"), "greater than or equal to 0"),
    ],
)
def test_bad_input_ends_with_a_message_and_exit_code_2(
    words: tuple[str, ...],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert called(monkeypatch, *words) == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert "Traceback" not in errors


def test_our_own_bugs_are_told_apart_from_bad_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(name: str) -> Suite:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr("evals.suite.suite_file.load_suite", broken)
    assert called(monkeypatch, "report") == 3
    errors = capsys.readouterr().err
    assert "boom" in errors
    assert "bug in mesascope" in errors


def test_an_unknown_key_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "typo.toml"
    path.write_text(TINY.read_text().replace("alpha =", "aplha ="))
    assert called(monkeypatch, "run", "--suite", str(path)) == 2
    assert "aplha: this key is unknown" in capsys.readouterr().err


def test_a_dry_run_estimates_and_builds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert called(monkeypatch, "build", "--suite", "tiny", "--dry-run") == 0
    printed = capsys.readouterr().out
    assert "13 networks to train" in printed
    assert "GiB memory" in printed
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_finished_run_can_be_asked_again(
    finished: Finished,
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place = ("--suite", "tiny", "--home", str(home.root))
    page = finished.folder / "report.html"
    evidence = str(finished.folder / "evidence.json")
    expected = {
        ("run", *place): ("P(detect), suite tiny", "by construction", str(page)),
        ("organisms", "--home", str(home.root)): ("deceptive_trigger", "admitted"),
        ("budget", *place): ("one family of the", "budget.json", "picture: none"),
        ("show", finished.judged.members[0].id, *place): ("truth", "certificate"),
        ("risk", "--evidence", evidence, "--transport", "0.5", "--draws", "10000"): (
            "0.5",
            "subgoal: not measured",
        ),
    }
    for words, phrases in expected.items():
        assert called(monkeypatch, *words) == 0
        printed = capsys.readouterr().out
        for phrase in phrases:
            assert phrase in printed, f"{words} printed {printed}"
    assert "<svg" in page.read_text()


def test_an_empty_zoo_says_how_to_fill_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert called(monkeypatch, "organisms") == 0
    assert "mesascope build" in capsys.readouterr().out


def test_ctrl_c_says_that_finished_work_is_kept(tmp_path: Path) -> None:
    started = subprocess.Popen(
        [sys.executable, "-m", "evals.command.cli", "build", "--suite", str(TINY),
         "--workers", "1"],
        cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(BUILT_IN.parents[2])},
    )  # fmt: skip
    while not (tmp_path / ".mesascope").exists() and started.poll() is None:
        time.sleep(0.05)
    started.send_signal(signal.SIGINT)
    _, errors = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "the same command resumes" in errors
    assert "Traceback" not in errors
