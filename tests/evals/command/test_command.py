"""What every command has: an example that can be typed, `--json` and `--quiet`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from calling import ROOT, Typed
from evals.command.cli import COMPLETING, app

MOST_COMMANDS = 10
EXAMPLE = "Example: mesascope "


def every_command(group: Any, *words: str) -> Iterator[tuple[str, Any]]:
    """The words of every command, and the command."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from every_command(command, *words, name)
        else:
            yield " ".join((*words, name)), command


COMMANDS = dict(every_command(get_command(app)))


def test_there_are_few_commands_at_the_top() -> None:
    assert len(get_command(app).commands) <= MOST_COMMANDS  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_that_it_takes(name: str) -> None:
    command = COMMANDS[name]
    assert command.epilog.startswith(f"{EXAMPLE}{name}")
    words = command.epilog.removeprefix(EXAMPLE + name).split()
    known = {option for parameter in command.params for option in parameter.opts}
    assert {"--json", "--quiet"} <= known
    assert {word for word in words if word.startswith("--")} <= known


def test_json_on_standard_output_is_all_that_is_printed_there(typed: Typed, tmp_path: Path) -> None:
    words = ("study", "power", "--families", "2", "--networks", "3")
    found = json.loads(typed(*words, "--json", "-"))
    file = tmp_path / "new" / "power.json"
    assert "families alike" in typed(*words, "--json", file)
    assert json.loads(file.read_text()) == found
    assert "spread 1" in found["columns"]


def test_quiet_prints_nothing_and_keeps_errors(typed: Typed) -> None:
    words = ("study", "power", "--families", "2", "--networks", "3", "--quiet")
    assert typed(*words) == ""
    assert typed("zoo", "list", "--home", "nowhere") != "", "only the command that was told"
    assert "alpha" in typed(*words, "--alpha", "7", code=2)


@pytest.mark.parametrize("place", ["/proc/none/x", "/dev/null/x", "/tmp"])
def test_a_record_that_cannot_be_written_is_refused_before_the_work(
    place: str, typed: Typed
) -> None:
    assert f"--json {place}" in typed("run", "--suite", "nonsense", "--json", place, code=2)


def test_the_version_is_told(typed: Typed) -> None:
    assert typed("--version").startswith("mesascope ")


def test_a_shell_learns_what_may_follow(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    # The shell is looked up among the parents of this process, where a plain sh has no completion.
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("bash", "/bin/bash"))
    assert COMPLETING in typed("--show-completion", "bash")
    done = subprocess.run(
        [sys.executable, "-m", "evals.command.cli"], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), COMPLETING: "complete_bash",
             "COMP_WORDS": "mesascope zoo re", "COMP_CWORD": "2"},
    )  # fmt: skip
    assert done.stdout.split() == ["readmit"]


def test_the_doctor_finds_this_machine_able_and_a_home_below_a_file_not(typed: Typed) -> None:
    assert "mesascope can work here" in typed("doctor")
    printed = typed("doctor", "--home", "/dev/null/x", code=1)
    assert "blocks" in printed
    assert "give another --home" in printed
