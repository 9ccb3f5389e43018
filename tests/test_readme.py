"""What the README says is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from calling import ROOT, GuestOf
from evals.command.cli import app
from evals.suite.suite import Suite

README = (ROOT / "README.md").read_text()
COMMANDS = sorted(set(re.findall(r"^\$ mesascope (.*?)(?:#.*)?$", README, re.MULTILINE)))
TARGETS = sorted(set(re.findall(r"^\$ make (\S+)", README, re.MULTILINE)))


def test_every_command_of_the_cli_is_in_the_readme() -> None:
    assert {words.split()[0] for words in COMMANDS} == set(get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("words", COMMANDS)
def test_the_readmes_commands_take_the_options_it_gives_them(words: str) -> None:
    command, options = get_command(app), words.split()
    while hasattr(command, "commands"):
        command = command.commands[options.pop(0)]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in options if word.startswith("--")} <= known


def test_what_the_readme_points_at_exists() -> None:
    assert TARGETS
    makefile = (ROOT / "Makefile").read_text()
    for target in TARGETS:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / link).exists(), link


def test_the_readmes_detector_runs_and_sees_what_it_says(
    guest_of: GuestOf, tiny: Suite, tmp_path: Path
) -> None:
    (source,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len([line for line in source.splitlines() if line.strip()]) <= 15
    (tmp_path / "mine.py").write_text(source)
    guest = guest_of(f"{tmp_path / 'mine.py'}:Displaced")
    assert len(guest.rows) == tiny.size
    assert guest.columns[0].of_type("proxy")[0].auroc == 1.0
