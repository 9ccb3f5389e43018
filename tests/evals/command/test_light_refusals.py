"""Commands that refuse what they are told do so before anything heavy is loaded."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from screens import EVIDENCE

from calling import ROOT

HEAVY = ("torch", "transformer_lens", "sklearn")

ASKED = """
import sys
from evals.command.cli import _run
code = _run(sys.argv[1:])
print("loaded:", [name for name in {heavy} if name in sys.modules])
raise SystemExit(code)
"""


def asked(*words: str, home: Path) -> tuple[int, str]:
    """Exit code of the command in a process of its own, and all that it printed."""
    done = subprocess.run(
        [sys.executable, "-c", ASKED.format(heavy=HEAVY), *words],
        capture_output=True, text=True, cwd=home, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("run", "--suite", "huge"), "no suite 'huge'"),
        (("zoo", "grow", "--suite", "huge"), "no suite 'huge'"),
        (("zoo", "show", "zzz", "--suite", "tiny"), "no frozen scores"),
        (("zoo", "show", "zzz", "--suite", "smoke"), "no suspect 'zzz'"),
        (("report", "--suite", "smoke", "--table", "zzz"), "no table 'zzz'"),
        (("study", "identify", "--suite", "tiny"), "no frozen scores"),
        (("risk", "--what-if", "foo", "--evidence", "none.json"), "what if 'foo'"),
        (("risk", "--evidence", "none.json"), "no evidence at none.json"),
        (("gate",), "give"),
        (("probe",), "give the FOLDER"),
        (("probe", "none", "--data", "texts.jsonl"), "no folder 'none'"),
        (("probe", "model", "--data", "texts.jsonl"), "2 groups cannot be divided"),
        (("probe", "model", "--data", "texts.jsonl", "--position", "x"), "no position 'x'"),
        (("gate", "--suite", "tiny"), "no frozen scores"),
        (("gate", "--suspect", "zzz", "--suite", "tiny"), "no frozen scores"),
        (("study", "mechanism", "--suite", "huge"), "no suite 'huge'"),
    ],
)
def test_a_refusal_loads_nothing_heavy(
    words: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    folder = tmp_path / "runs" / "smoke-a654caca"
    folder.mkdir(parents=True)
    shutil.copy(EVIDENCE, folder / "evidence.json")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").touch()
    (tmp_path / "model" / "model.safetensors").touch()
    texts = '{"text": "a", "label": 1}\n{"text": "b", "label": 0}\n'
    (tmp_path / "texts.jsonl").write_text(texts)
    code, printed = asked(*words, home=tmp_path)
    assert code == 2
    assert message in printed
    assert "loaded: []" in printed
