"""Text that we did not write: shown as it stands, whatever markup or codes it holds."""

from __future__ import annotations

import ast
import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from calling import ROOT, Typed
from evals.command.console import LiteralConsole
from evals.evidence.evidence_file import write_evidence
from evals.report.tables.titled_table import titled_table
from evals.suite.suite_file import load_suite
from evals.suite.suite_names import BUILT_IN
from made_evidence import STRONG, make_evidence, sign
from organisms.records.strict import SpecError

HOSTILE = {
    "[/x]": "[/x]",
    "[bold]a": "[bold]a",
    ":smile:": ":smile:",
    "a\x1b]0;t\x07": r"a\x1b]0;t\x07",
    "a\x9b31m": r"a\x9b31m",
    "a\rb\x08c": r"a\rb\x08c",
    "a\u202eb": r"a\u202eb",
    "a\udcffb": r"a\udcffb",
}
"""What comes, and what is shown."""


def shows(printed: str, text: str) -> None:
    """The text stands there, and nothing that steers a terminal."""
    assert HOSTILE[text] in printed
    assert printed.replace("\n", "").isprintable()


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("kind", [Console, LiteralConsole])
def test_a_table_shows_title_headings_cells_and_caption_as_they_are(
    kind: type[Console], text: str
) -> None:
    table = titled_table(f"title {text}", f"heading {text}")
    table.add_row(f"cell {text}")
    table.caption = f"caption {text}"
    paper = StringIO()
    kind(file=paper, width=60).print(table)
    if kind is Console and text == ":smile:":
        return  # rich's own console replaces names of pictures whatever it is told
    shows(paper.getvalue(), text)
    assert paper.getvalue().count(HOSTILE[text]) == 4


@pytest.mark.parametrize("text", HOSTILE)
def test_a_line_is_shown_as_it_is(text: str) -> None:
    paper = StringIO()
    LiteralConsole(file=paper).print(f"found: {text}", highlight=False)
    shows(paper.getvalue(), text)


def test_names_in_evidence_and_policies_are_shown_as_they_are(tmp_path: Path, typed: Typed) -> None:
    text = "".join(text for text in HOSTILE if "\udcff" not in text)
    file = tmp_path / "evidence.json"
    write_evidence(make_evidence(STRONG), file)
    data = json.loads(file.read_text(encoding="utf-8"))
    data["suite"] = data["rule"] = data["columns"][0]["name"] = text
    data["provenance"]["python"] = text
    file.write_text(sign(data), encoding="utf-8")
    policy = tmp_path / "policy.toml"
    policy.write_text(
        f"schema = 1\nname = {json.dumps(text)}\n[[rule]]\nname = {json.dumps(text)}\n"
        'applies_to = "run"\nwhen = "alpha"\nabove = 0\n'
        f"action = {json.dumps(text)}\nbecause = {json.dumps(text)}\n",
        encoding="utf-8",
    )
    folder = tmp_path / "incidents"
    words = ("gate", "--evidence", file, "--policy", policy, "--incident", folder)
    risk = typed("risk", "--evidence", file, "--draws", "10000")
    gate = typed(*words, code=1)
    (page,) = folder.glob("*.txt")
    for shown in (gate, risk, page.read_text(encoding="utf-8")):
        assert all(HOSTILE[one] in shown for one in HOSTILE if one in text)
        assert shown.replace("\n", "").isprintable()


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("command", [("report", "--suite"), ()])
def test_an_error_quotes_words_as_they_are(
    command: tuple[str, ...], text: str, typed: Typed
) -> None:
    printed = typed(*command, text, code=2)
    assert printed.isprintable()
    assert HOSTILE[text].replace("\\", "") in printed.replace("\\", "")


def test_our_own_bugs_are_told_without_codes(monkeypatch: pytest.MonkeyPatch, typed: Typed) -> None:
    def broken(name: str) -> None:
        raise ZeroDivisionError("boom \x1b[31m")

    monkeypatch.setattr("evals.suite.suite_file.load_suite", broken)
    assert r"boom \x1b[31m" in typed("run", code=3)


@pytest.mark.parametrize("name", ["", " ", "a/b", "[/x]", "a\x1b]0;t\x07", "a\nb", "..", "a b/"])
@pytest.mark.parametrize("place", ["suite", "rule", "build"])
def test_names_in_a_suite_are_words(place: str, name: str, tmp_path: Path) -> None:
    text = (BUILT_IN / "tiny.toml").read_text(encoding="utf-8")
    old, new = {
        "suite": ('name = "tiny"', f"name = {json.dumps(name)}"),
        "rule": ('name = "panel"', f"name = {json.dumps(name)}"),
        "build": ("[build.maze", f"[build.{json.dumps(name)}"),
    }[place]
    assert old in text
    file = tmp_path / "suite.toml"
    text = text.replace(old, new)
    if place == "build":
        text = text.replace("[[group]]", f"[[group]]\nbuild = {json.dumps(name)}")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match="name"):
        load_suite(str(file))


PRINTERS = {"evals/command/console.py", "evals/report/tables/titled_table.py"}
SENDING = {"Console", "Table", "print", "echo", "secho", "from_markup", "Panel"}


def sent_elsewhere(source: str) -> list[str]:
    """Calls that print, or that take text for markup."""
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    words = [ast.unparse(call).split(".") for call in calls]
    ours = {"console", "errors"} | (set() if "rich" in source else {"Table"})
    return [word[-1] for word in words if word[-1] in SENDING and ours.isdisjoint(word)]


def test_everything_is_printed_by_the_console_that_shows_codes() -> None:
    plain = {
        "evals/evidence/evidence_file.py": ["print"],
        "evals/gate/incident.py": ["print"],
        "evals/guests/show_card.py": ["Console"],  # draws into a text, markup off
        "evals/facade/mesascope/__main__.py": ["print"],
    }
    found = {}
    for package in ("probes", "organisms", "detect", "evals"):
        for path in (ROOT / package).rglob("*.py"):
            name = str(path.relative_to(ROOT))
            if name not in PRINTERS and (sent := sent_elsewhere(path.read_text("utf-8"))):
                found[name] = sent
    assert found == plain, "those that print a schema, and one that may find no console of ours"
    assert sent_elsewhere("import rich\ntyper.echo(x)\nTable(title=x)\nconsole.print(x)") == [
        "echo",
        "Table",
    ]
