"""Files and folders are there whole or not at all, whatever stops the writing."""

from __future__ import annotations

import os
import pickle
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from probes.errors import MesascopeError
from probes.writing import (
    UnwritableFile,
    clear_parts,
    line_writer,
    whole_file,
    write_folder,
    write_whole,
)

resource = pytest.importorskip("resource")

MOST = 1000
"""Bytes that a file may have while `small_files`."""


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may grow beyond `MOST` bytes: the system refuses in the middle of a write."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MOST, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def lines(path: Path, content: bytes) -> None:
    with line_writer(path) as add_line:
        add_line(content.decode())


def filled(path: Path, content: bytes) -> None:
    with whole_file(path) as file:
        file.write(content)


def folder(path: Path, content: bytes) -> None:
    write_folder(path, [("first", b"1"), ("second", content)])


WRITERS: dict[str, Callable[[Path, bytes], None]] = {
    "write_whole": write_whole,
    "whole_file": filled,
    "write_folder": folder,
    "line_writer": lines,
}
UNDIVIDED = sorted(set(WRITERS) - {"line_writer"})


def contents(root: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    paths = [path for path in root.rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


@pytest.mark.parametrize("name", UNDIVIDED)
def test_a_write_that_breaks_off_in_the_middle_leaves_what_was_there(
    name: str, tmp_path: Path, small_files: None
) -> None:
    path = tmp_path / "record"
    for before in (False, True):
        if before and name != "write_folder":
            write_whole(path, "first")
        left = contents(tmp_path)
        with pytest.raises(UnwritableFile, match=rf"^cannot write {path}.*: File too large"):
            WRITERS[name](path, b"x" * (MOST + 1))
        assert contents(tmp_path) == left
        assert set(tmp_path.iterdir()) == ({path} if left else set())


def test_lines_before_the_one_that_breaks_off_stay(tmp_path: Path, small_files: None) -> None:
    path = tmp_path / "rows"
    with line_writer(path) as add_line:
        add_line("first")
        with pytest.raises(UnwritableFile, match=rf"^cannot write {path}: "):
            add_line("x" * MOST)
    assert path.read_bytes() == b"first\n" + b"x" * (MOST - len("first\n"))


@pytest.mark.parametrize("name", sorted(WRITERS))
@pytest.mark.parametrize("place", ["/proc/x", "/proc/none/x", "/dev/null/x", "FILE/x", "n" * 300])
def test_a_place_that_cannot_be_written_is_named(name: str, place: str, tmp_path: Path) -> None:
    (tmp_path / "FILE").write_text("a file, not a folder")
    path = tmp_path / place  # an absolute place stays absolute
    with pytest.raises(UnwritableFile, match=rf"^cannot write {path}: \w") as raised:
        WRITERS[name](path, b"x")
    assert isinstance(raised.value, MesascopeError)
    assert raised.value.exit_code == 2
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)
    assert contents(tmp_path) == {"FILE": b"a file, not a folder"}


@pytest.mark.parametrize("place", ["", ".", "..", "/"])
@pytest.mark.parametrize("name", ["write_whole", "line_writer", "whole_file"])
def test_a_folder_is_no_file_to_write(
    name: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnwritableFile, match="Is a directory"):
        WRITERS[name](Path(place), b"x")


@pytest.mark.parametrize("umask", [0o002, 0o022, 0o027, 0o077])
@pytest.mark.parametrize("name", sorted(WRITERS))
def test_the_umask_decides_who_may_read(name: str, umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        WRITERS[name](tmp_path / "record", b"x")
    finally:
        os.umask(before)
    for path in tmp_path.rglob("*"):
        whole = 0o777 if path.is_dir() else 0o666
        assert stat.S_IMODE(path.stat().st_mode) == whole & ~umask


def test_a_block_that_fails_writes_nothing(tmp_path: Path) -> None:
    def files() -> Iterator[tuple[str, bytes]]:
        yield "first", b"1"
        raise KeyError

    def file() -> None:
        with whole_file(tmp_path / "archive") as half:
            half.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        file()
    with pytest.raises(KeyError):
        write_folder(tmp_path / "folder", files())
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_read_meanwhile_is_not_taken_for_the_file_written(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="missing"), whole_file(tmp_path / "archive"):
        (tmp_path / "missing").read_bytes()


def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    write_folder(tmp_path / "organism", [("weights", b"first")])
    write_folder(tmp_path / "organism", [("weights", b"second"), ("more", b"")], modified=0)
    assert contents(tmp_path) == {"organism/weights": b"first"}
    assert [path.name for path in tmp_path.iterdir()] == ["organism"]


def test_a_device_or_a_link_is_written_through_and_never_replaced(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    link.symlink_to(tmp_path / "target")
    write_whole(link, "through the link")
    assert link.is_symlink()
    assert (tmp_path / "target").read_text() == "through the link"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(pipe, "through the pipe")
        assert os.read(reader, 100) == b"through the pipe"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_what_a_killed_process_left_is_cleared_and_nothing_else(tmp_path: Path) -> None:
    write_folder(tmp_path / "run", [("a.part", b""), (".hidden", b"")])
    kept = contents(tmp_path)
    (tmp_path / "run" / ".0f.part").write_bytes(b"half")
    (tmp_path / "run" / ".1e.part").mkdir()
    (tmp_path / "run" / ".1e.part" / "weights").write_bytes(b"half")
    clear_parts(tmp_path)
    assert contents(tmp_path) == kept
    assert not (tmp_path / "run" / ".1e.part").exists()
