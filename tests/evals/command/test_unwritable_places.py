"""Commands told to write where nothing can be written: one message, which names the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from calling import Typed
from evals.evidence.evidence_file import write_evidence
from evals.suite.home import Home
from inline import PLAIN, Inline
from made_evidence import make_evidence
from organisms.growing.population import Wanted, grow
from organisms.travel.archive import export_archive
from probes.writing import write_whole

PLACES = ("/proc/none/x", "/dev/null/x")
COMMANDS = {
    "zoo export": ("zoo", "export", "PLACE", "--home", "HOME"),
    "zoo import": ("zoo", "import", "ARCHIVE", "--home", "PLACE"),
    "zoo readmit": ("zoo", "readmit", "--home", "PLACE", "--workers", "1"),
    "zoo list": ("zoo", "list", "--page", "PLACE", "--home", "HOME"),
    "risk": ("risk", "--evidence", "EVIDENCE", "--draws", "10000", "--json", "PLACE"),
    "figures": ("risk", "--evidence", "EVIDENCE", "--draws", "10000", "--figures", "PLACE"),
    "gate": ("gate", "--evidence", "EVIDENCE", "--policy", "POLICY", "--incident", "PLACE"),
}
"""What is typed; words in capitals stand for files."""

POLICY = """schema = 1
name = "nothing passes"
[[rule]]
name = "any false alarm is too many"
applies_to = "run"
when = "alpha"
at_least = 0
action = "measure"
because = "it is a test"
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A home with two organisms, their archive, evidence, and a policy that always trips."""
    root = tmp_path_factory.mktemp("there")
    names = {"HOME": "home", "ARCHIVE": "set.json", "EVIDENCE": "e.json", "POLICY": "p.toml"}
    found = {word: root / name for word, name in names.items()}
    zoo = Home(found["HOME"]).zoo
    grow(zoo, [Wanted(PLAIN, 1, 1)], engine=Inline())
    export_archive(zoo, found["ARCHIVE"], [PLAIN])
    write_evidence(make_evidence({"proxy": (4, 3)}), found["EVIDENCE"])
    write_whole(found["POLICY"], POLICY)
    return found


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_a_place_that_cannot_be_written_ends_with_one_message(
    words: tuple[str, ...], place: str, files: dict[str, Path], typed: Typed
) -> None:
    before = {path: path.read_bytes() for path in files["HOME"].rglob("*") if path.is_file()}
    said = typed(*({**files, "PLACE": place}.get(word, word) for word in words), code=2)
    assert place.rpartition("/")[0] in said.rpartition("mesascope: ")[2]
    after = {path: path.read_bytes() for path in files["HOME"].rglob("*") if path.is_file()}
    assert after == before
