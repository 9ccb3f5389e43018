"""What the README says is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from calling import ROOT, called
from documented import DOCS, PAGES, blocks, spoken
from evals.command.cli import app

README = PAGES["README.md"].read_text(encoding="utf-8")
MOST_WORDS = 1200


def test_the_readme_can_be_read_in_a_few_minutes() -> None:
    prose = re.sub(r"```.*?```|<!--.*?-->", "", README, flags=re.DOTALL)
    assert len(prose.split()) <= MOST_WORDS


def test_every_command_of_the_cli_is_in_the_readme() -> None:
    said = {words.split()[0] for words in spoken("README.md") if words}
    assert said == set(get_command(app).commands)  # type: ignore[attr-defined]


def test_its_screen_is_that_of_a_run() -> None:
    screen = (DOCS / "screens" / "run-100.txt").read_text(encoding="utf-8")
    assert f"```text\n{screen}```" in README
    assert len(screen.splitlines()) <= 40


def test_its_targets_exist() -> None:
    targets = set(re.findall(r"^\$ make (\S+)", README, re.MULTILINE))
    assert {"demo", "docs", "test"} <= targets
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_its_detector_has_15_lines_and_is_that_of_the_tutorial() -> None:
    (source,) = (b.code for b in blocks("README.md") if b.code.startswith("# mine.py"))
    begun = source[source.index("class ") :]
    assert len([line for line in begun.splitlines() if line.strip()]) <= 15
    tutorial = [block.code for block in blocks("docs/tutorials/score-a-detector.md")]
    assert source in tutorial


@pytest.mark.slow
def test_its_detector_is_scored_on_the_reference_maze(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (source,) = (b.code for b in blocks("README.md") if b.code.startswith("# mine.py"))
    (tmp_path / "mine.py").write_text(source, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert called(monkeypatch, "score", "--detector", "mine.py:Displaced") == 0
    card = capsys.readouterr().out
    assert "displaced" in card
    assert "25/25*" in card, "every proxy of the maze, by construction"
