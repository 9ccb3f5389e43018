"""Text files are UTF-8 on every machine, whatever its locale says."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from evals.suite.suite_names import BUILT_IN

ROOT = Path(__file__).parent.parent
FOLDERS = ("probes", "organisms", "detect", "evals", "benchmarks")

ENCODING_AT = {"read_text": 0, "write_text": 1, "open": 3, "fdopen": 3, "NamedTemporaryFile": 3}
"""Function -> place of its argument `encoding`; that of `Path.open` is one less."""


def unnamed(source: str) -> list[str]:
    """Calls that read or write text in whatever encoding the machine prefers."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [ast.unparse(call) for call in calls if _is_text(call) and not _names_encoding(call)]


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _is_text(call: ast.Call) -> bool:
    given = [*call.args, *(word.value for word in call.keywords)]
    if _name(call) in ("read_text", "write_text"):
        return True
    if _name(call) in ("run", "Popen", "check_output", "check_call"):
        return any(word.arg in ("text", "universal_newlines") for word in call.keywords)
    if _name(call) not in ENCODING_AT:
        return False
    modes = [one.value for one in given if isinstance(one, ast.Constant) and _is_mode(one.value)]
    if modes or _name(call) != "open":
        return not any("b" in mode for mode in modes)
    return isinstance(call.func, ast.Name)  # the builtin; methods called open have modes, or none


def _is_mode(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 3 and set(value) <= set("rwaxbt+")


def _names_encoding(call: ast.Call) -> bool:
    place = ENCODING_AT.get(_name(call), 99)
    return len(call.args) > place or any(word.arg == "encoding" for word in call.keywords)


def test_every_read_and_write_of_text_names_its_encoding() -> None:
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    assert len(paths) > 100
    found = {str(path.relative_to(ROOT)): unnamed(path.read_text("utf-8")) for path in paths}
    assert not {name: calls for name, calls in found.items() if calls}


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("path.read_text()", True),
        ("path.read_text('utf-8')", False),
        ("path.read_text(encoding='utf-8')", False),
        ("path.write_text(text)", True),
        ("path.write_text(text, 'utf-8')", False),
        ("path.open('a')", True),
        ("path.open('w', encoding='utf-8')", False),
        ("path.open('xb')", False),
        ("truth.open(members)", False),
        ("open(path)", True),
        ("open(path, 'rb')", False),
        ("os.fdopen(number, 'w')", True),
        ("NamedTemporaryFile('w')", True),
        ("subprocess.run(words, text=True)", True),
        ("subprocess.run(words, text=True, encoding='utf-8')", False),
        ("executor.run(words)", False),
    ],
)
def test_a_call_that_leaves_the_encoding_open_would_be_seen(source: str, seen: bool) -> None:
    assert bool(unnamed(source)) == seen


def test_a_suite_in_utf8_is_read_where_the_locale_knows_ascii_only(tmp_path: Path) -> None:
    file = tmp_path / "süß.toml"
    text = (BUILT_IN / "tiny.toml").read_text(encoding="utf-8")
    file.write_text(f"# Größe ≤ 3 †\n{text}", encoding="utf-8")
    words = "run", "--suite", str(file), "--home", str(tmp_path), "--dry-run"
    done = subprocess.run(
        [sys.executable, "-c", "import evals.command.cli as c; c.main()", *words],
        capture_output=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C", "PYTHONUTF8": "0",
             "PYTHONCOERCECLOCALE": "0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert b"13 networks to train" in done.stdout
