"""The docs: what they say to type exists, their code runs, and their links lead somewhere."""

from __future__ import annotations

import io
import re
import shutil
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from calling import called
from documented import DOCS, PAGES, ROOT, Block, blocks, headings, links, spoken
from evals.command.cli import app
from evals.command.console import console
from help_page import PAGE, help_page

CHANGELOG = "docs/changelog.md"
WITH_PYTHON = [page for page in PAGES if any(b.language == "python" for b in blocks(page))]
WITH_SLOW = [page for page in PAGES if any(block.slow for block in blocks(page))]
ANSWERED = [
    (page, block) for page in PAGES for block in blocks(page)
    if block.language == "console" and (block.printed or "\n" in block.code.strip())
    and block.code.count("$ ") == 1
]  # fmt: skip
"""Commands whose output stands on the page."""

OLD_COMMANDS = "build organisms show export identify monitor budget lead-time mechanism power"


@pytest.mark.parametrize("page", [page for page in PAGES if page != CHANGELOG])
def test_every_command_of_a_page_exists_and_takes_its_options(page: str) -> None:
    for words in spoken(page):
        command, options = get_command(app), words.split()
        while hasattr(command, "commands") and options and options[0][0] != "-":
            assert options[0] in command.commands, f"mesascope {words}"
            command = command.commands[options.pop(0)]
        known = {option for parameter in command.params for option in parameter.opts}
        used = {word.partition("=")[0] for word in options if word.startswith("--")}
        assert used <= known | {"--help"}, f"mesascope {words}"


def test_old_names_of_commands_stand_in_the_changelog_alone() -> None:
    old = re.compile(rf"\bmesascope ({OLD_COMMANDS.replace(' ', '|')})\b(?!\.)")
    assert old.search("`mesascope build --suite cpu`"), "the guard sees one"
    folders = ("docs", "evals", "detect", "probes", "benchmarks")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    paths = [path for path in paths if path.suffix in {".md", ".py", ".j2", ".toml", ".txt"}]
    found = {
        str(path.relative_to(ROOT)): words.group()
        for path in (ROOT / "README.md", *paths)
        if (words := old.search(path.read_text(encoding="utf-8")))
    }
    assert set(found) <= {CHANGELOG}, found


@pytest.mark.parametrize("page", PAGES)
def test_links_of_a_page_lead_to_a_file_and_a_heading(page: str) -> None:
    for path, heading in links(page):
        assert path.exists(), path
        assert page == "README.md" or path.resolve().is_relative_to(DOCS), f"{path} is not docs"
        assert not heading or heading in headings(path), f"{path}#{heading}"


def test_the_site_lists_every_page_once() -> None:
    text = (ROOT / ".mkdocs.yml").read_text(encoding="utf-8")
    listed = re.findall(r": (\S+\.md)$", text, re.MULTILINE)
    assert sorted(listed) == sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))


@pytest.mark.parametrize("page", [page for page in PAGES if "docs/results/" in page])
def test_a_page_of_results_names_the_command_that_prints_them(page: str) -> None:
    assert page.endswith("index.md") or any("$ " in block.code for block in blocks(page))


def test_the_page_of_commands_is_what_their_help_prints() -> None:
    assert PAGE.read_text(encoding="utf-8") == help_page(), (
        "`python tests/help_page.py --write` writes the page anew"
    )


@pytest.mark.parametrize("page", WITH_PYTHON)
def test_python_of_a_page_runs_and_prints_what_stands_below(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_python([block for block in blocks(page) if not block.slow], tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_SLOW)
def test_slow_python_of_a_page_does_so_too(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_python(blocks(page), tmp_path, monkeypatch)


@pytest.mark.parametrize(("page", "block"), ANSWERED, ids=[page for page, _ in ANSWERED])
def test_a_command_prints_what_stands_below(
    page: str,
    block: Block,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    inside(tmp_path, monkeypatch)
    line, _, below = block.code.partition("\n")
    assert called(monkeypatch, *line.removeprefix("$ mesascope ").split()) == 0
    printed = [one.rstrip() for one in capsys.readouterr().out.splitlines()]
    assert printed == (block.printed or below).splitlines(), page


def run_python(given: list[Block], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run blocks one after the other, in one namespace."""
    inside(folder, monkeypatch)
    names: dict[str, Any] = {"__name__": "documented_page"}
    for block in given:
        if block.language != "python":
            continue
        if block.code.startswith("# mine.py"):
            (folder / "mine.py").write_text(block.code, encoding="utf-8")
            continue
        paper = io.StringIO()
        with redirect_stdout(paper):
            exec(compile(block.code, "<page>", "exec"), names)
        if block.printed is not None:
            assert paper.getvalue() == block.printed


def inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder that holds `counts.csv`, and may hold `mine.py`."""
    shutil.copy(DOCS / "counts.csv", folder)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(__import__("sys").modules, "mine", raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(console, "_width", 100)
