"""Odd paths, names and numbers on the command line end with one message and exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from calling import Typed

ODD = ("{folder}", "{folder}/none/x", "{plain}/x", "a" * 300, "a\0b", "\udcff", "**", "[", "")
"""A folder, a path below nothing, a path below a file, names that no file can have, patterns."""

WHERE_A_FILE_IS_WANTED = (
    ("risk", "--evidence"),
    ("gate", "--evidence"),
    ("run", "--dry-run", "--suite"),
    ("report", "--suite"),
    ("zoo", "list", "--suite"),
    ("zoo", "import"),
    ("zoo", "verify"),
)
WHERE_A_NAME_IS_WANTED = (
    ("probe", "--suite", "tiny", "--"),
    ("zoo", "show", "--suite", "tiny", "--"),
    ("gate", "--suite", "tiny", "--suspect"),
    ("run", "--suite", "tiny", "--dry-run", "--environment"),
    ("zoo", "verify", "--organism"),
    ("score", "--suite", "tiny", "--detector"),
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in, with a file and a folder inside."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "plain").write_text("plain\n")
    return tmp_path


@pytest.mark.parametrize("words", [*WHERE_A_FILE_IS_WANTED, *WHERE_A_NAME_IS_WANTED])
def test_odd_paths_and_names_are_refused(words: tuple[str, ...], place: Path, typed: Typed) -> None:
    for odd in ODD:
        word = odd.format(folder=place / "folder", plain=place / "plain")
        assert typed(*words, word, code=2), repr(odd)
    assert {path.name for path in place.iterdir()} <= {"folder", "plain", ".mesascope"}


@pytest.mark.parametrize("name", ["/proc/x", "*", "**", "[", "a/b"])
def test_a_name_is_no_pattern_and_no_path(name: str, place: Path, typed: Typed) -> None:
    """Of a suspect, which is also looked for among the folders of the zoo."""
    (place / ".mesascope" / "organisms" / ("0" * 16)).mkdir(parents=True)
    assert "no organism does" in typed("probe", name, "--suite", "tiny", code=2)


@pytest.mark.parametrize("alpha", ["1e-300", "5e-324", "1e-17", "nan", "inf", "-1", "0", "1"])
def test_a_rate_that_no_suite_can_show_is_refused(alpha: str, typed: Typed) -> None:
    assert "alpha" in typed(
        "study", "power", "--families", "2", "--networks", "3", "--alpha", alpha, code=2
    )


def test_too_little_memory_is_no_bug(monkeypatch: pytest.MonkeyPatch, typed: Typed) -> None:
    def huge(name: str) -> None:
        raise MemoryError("unable to allocate 37 GiB")

    monkeypatch.setattr("evals.suite.suite_file.load_suite", huge)
    assert "needs more memory than there is (unable to allocate 37 GiB)" in typed("run", code=2)
