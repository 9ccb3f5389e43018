"""The count of the judge's lines: complete, and red where a file hides or the judge grows."""

import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT: dict[str, Any] = runpy.run_path(str(ROOT / "benchmarks" / "judge_lines.py"))


def house(folder: Path, **lines: int) -> Path:
    for name, count in lines.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x = 1\n" * count)
    return folder


def test_every_file_of_the_house_is_assigned_once() -> None:
    found = SCRIPT["assigned"](ROOT / "evals")
    names = [name for files in found.values() for name, _ in files]
    there = [str(path.relative_to(ROOT / "evals")) for path in (ROOT / "evals").rglob("*.py")]
    assert sorted(names) == sorted(there)


def test_lines_are_counted_by_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evals = house(tmp_path, rates=5, judge=7, risk__deep__update=11, cli=1000, report__rates=50)
    assert SCRIPT["report"](evals) == 0
    shown = capsys.readouterr().out
    for line in ("rates: 5 lines in 1 files", "judging: 7 lines", "risk: 11 lines", "judge: 23 "):
        assert line in shown


def test_a_judge_that_grows_is_red(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert SCRIPT["report"](house(tmp_path, threshold=4_000)) == 0
    assert SCRIPT["report"](house(tmp_path, risk__more=1)) == 1
    assert "4001 lines" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["quantiles", "bench2", "judging__judge"])
def test_a_file_that_nobody_has_assigned_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=name.replace("__", "/")):
        SCRIPT["assigned"](house(tmp_path, **{name: 1}))
