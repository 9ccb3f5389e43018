"""What is printed into: encodings without our signs, pipes that nobody reads, full disks."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from calling import ROOT, called
from evals.command.cli import BAD_INPUT
from evals.command.console import CLOSED_PIPE, PLAIN_SIGNS, console, prepare_streams
from evals.evidence.evidence_file import write_evidence
from evals.report.tables.titled_table import titled_table
from evals.report.words.marks import VOID
from made_evidence import STRONG, make_evidence

HELP = "import sys; sys.argv = ['mesascope', '--help']; import evals.command.cli as c; c.main()"
LAX = """
schema = 1
name = "lax"
[[rule]]
name = "size"
applies_to = "run"
when = "alpha"
above = 0.9
action = "stop"
because = "high"
"""


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252", "koi8-r", "utf-8"])
def test_signs_that_an_encoding_lacks_are_replaced_by_plain_ones(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding, newline=""))
    prepare_streams()
    table = titled_table(f"Rates {VOID}", f"detector {VOID}")
    table.add_row(f"naïve {VOID} Ж \udcff")
    table.caption = f"{VOID} void"
    console.print(table)
    sys.stdout.flush()
    printed = raw.getvalue().decode(encoding)
    try:
        mark = VOID.encode(encoding).decode(encoding)
    except UnicodeEncodeError:
        mark = PLAIN_SIGNS[VOID]
    assert printed.count(mark) == 4
    assert r"\udcff" in printed
    assert "na" in printed


def test_plain_signs_are_ascii_and_as_wide_as_ours() -> None:
    assert all(plain.isascii() and len(plain) == len(sign) for sign, plain in PLAIN_SIGNS.items())
    assert VOID in PLAIN_SIGNS


@pytest.fixture
def unread() -> Iterator[io.TextIOWrapper]:
    """A stream whose reader has gone."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", encoding="utf-8") as stream:
        yield stream


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    file = tmp_path / "evidence.json"
    write_evidence(make_evidence(STRONG), file)
    (tmp_path / "lax.toml").write_text(LAX)
    return file


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("stdout", ("--help",)),
        ("stdout", ("run", "--help")),
        ("stdout", ("zoo", "export", "--help")),
        ("stdout", ("score", "--template")),
        ("stdout", ("zoo", "list", "--home", "{home}")),
        ("stdout", ("gate", "--evidence", "{home}/evidence.json", "--policy", "{home}/lax.toml")),
        ("stderr", ("run", "--suite", "huge")),
        ("stderr", ("nonsense",)),
    ],
)
def test_a_pipe_that_nobody_reads_ends_a_command_by_a_code_that_is_no_verdict(
    name: str,
    words: tuple[str, ...],
    unread: io.TextIOWrapper,
    evidence: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, name, unread)
    monkeypatch.setattr(console, "quiet", False)
    monkeypatch.setattr("evals.command.console.errors.quiet", False)
    home = str(evidence.parent)
    assert called(monkeypatch, *(word.format(home=home) for word in words)) == CLOSED_PIPE


@pytest.mark.parametrize("closed", [True, False])
def test_a_closed_or_unread_stdout_leaves_no_traceback_when_python_ends(closed: bool) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", HELP], stdout=writing, stderr=subprocess.PIPE, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        preexec_fn=(lambda: os.close(1)) if closed else None,
    )  # fmt: skip
    os.close(writing)
    assert done.returncode == (0 if closed else CLOSED_PIPE), done.stderr
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_behind_stdout_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert called(monkeypatch, "zoo", "list", "--home", str(tmp_path)) == BAD_INPUT
