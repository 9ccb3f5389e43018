"""The map of the house: every room may import the rooms above it in this table, and no other."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

ROOMS = (
    "probes.errors",  # the base of every error that a user can act on
    "probes.arguments",  # finite numbers, and words of a fixed set
    "probes.parsing",  # JSON and TOML that have one meaning
    "probes.writing",  # files written whole or not at all
    "probes.world",  # what a world must offer, and exact algorithms to compare a network with
    "probes.network",  # a network under study, and what may be seen of it
    "probes.linear",  # linear probes with controls
    "probes.causal",  # interventions on activations
    "probes.model_folder",  # a Hugging Face folder read without running anything in it
    "probes.language_model",  # the same for language models
    "probes.texts",  # labelled texts as features of a language model
    "organisms.records",  # what is written about an organism
    "organisms.nets",  # networks that organisms are made of
    "organisms.worlds",  # worlds with exact oracles
    "organisms.recipes",  # what an organism learns from
    "organisms.zoo",  # organisms on disk
    "organisms.growing",  # training and admission
    "organisms.travel",  # export, import, regrowing
    "detect.contract",  # what a detector is, and its score
    "detect.oracle",  # what every detector may compute from answers and oracles
    "detect.floors",  # detectors that should see nothing
    "detect.behaviour",  # detectors that watch answers
    "detect.goals",  # detectors of goals inside
    "detect.triggers",  # detectors that search for a trigger
    "detect.gating",  # detectors that ask whether a context switches the objective
    "detect.honesty",  # detectors of claims that are repeated though they are wrong
    "detect.inside",  # detectors without a hypothesis about the goal
    "detect.search",  # detectors of search
    "detect.monitors",  # monitors of single decisions
    "detect",  # the registry, and a template to copy
    "evals.statistics",  # arrays in, records out
    "evals.evidence",  # what a run found, as a file
    "evals.suite",  # what a run is asked to do
    "evals.scoring",  # scores while the truth is sealed
    "evals.judging",  # the truth opened
    "evals.risk",  # the decomposition and its update
    "evals.report",  # what people look at
    "evals.running",  # the main job
    "evals.studies",  # one side question each
    "evals.guests",  # someone else's detector
    "evals.audit",  # a network that someone brings
    "evals.gate",  # policy thresholds
    "evals.command",  # what one types
    "evals.facade",  # the names that most users need, installed as `mesascope`
)
"""From the ground up. `detect` sees nothing of `organisms`: a detector knows no truth."""

STUDIES = ("evals.studies.lead_time", "evals.studies.mechanism", "evals.studies.monitoring",
           "evals.studies.probing", "evals.studies.identification")  # fmt: skip
MOST_FILES, MOST_LINES = 15, 300


def imported_modules(source: str) -> set[str]:
    """Modules of ours that a module imports, wherever in the file it does so."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] in PACKAGES}


PACKAGES = ("probes", "organisms", "detect", "evals")


def room_of(module: str) -> str:
    """The room that a module, or a name in it, lies in."""
    within = ".".join(module.split(".")[:2])
    return within if within in ROOMS else module.split(".")[0]


def floors_up(module: str, source: str) -> list[str]:
    """What a module imports from a room that is not below its own."""
    own = room_of(module)
    return [
        name
        for name in sorted(imported_modules(source))
        if (room_of(name) != own and ROOMS.index(room_of(name)) >= ROOMS.index(own))
        or (own.startswith("detect") and name.startswith("organisms"))
    ]


def modules() -> dict[str, Path]:
    """Every module of the product by name."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    names = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in paths}
    return {name.removesuffix(".__init__"): path for name, path in names.items()}


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_only_downwards(room: str) -> None:
    inside = {name: path for name, path in modules().items() if room_of(name) == room}
    assert inside, f"room {room} is empty"
    found = {name: up for name, path in inside.items() if (up := floors_up(name, path.read_text()))}
    assert not found


def test_every_module_lies_in_a_room() -> None:
    names = set(modules()) - {"probes", "organisms", "evals"}
    assert not sorted(name for name in names if room_of(name) not in ROOMS)


@pytest.mark.parametrize("study", STUDIES)
def test_no_study_imports_another(study: str) -> None:
    others = tuple(other for other in STUDIES if other != study)
    for name, path in modules().items():
        if name.startswith(study):
            assert not [m for m in imported_modules(path.read_text()) if m.startswith(others)], name


def test_an_upward_import_would_be_seen() -> None:
    hidden = "def late():\n    from evals.judging.x import judge\n    import organisms.nets.net\n"
    assert floors_up("evals.scoring.blind", hidden) == ["evals.judging.x.judge"]
    both = ["evals.judging.x.judge", "organisms.nets.net"]
    assert floors_up("detect.floors.metadata", hidden) == both


def test_no_import_goes_round_in_a_circle() -> None:
    known = modules()
    edges = {
        name: {
            wanted if wanted in known else wanted.rpartition(".")[0]
            for wanted in imported_modules(path.read_text())
        }
        for name, path in known.items()
    }
    while leaves := {name for name, needed in edges.items() if not needed & set(edges)}:
        edges = {name: needed for name, needed in edges.items() if name not in leaves}
    assert not edges, f"in or above a circle: {sorted(edges)}"


def test_no_folder_or_file_is_crowded_and_every_folder_says_what_it_is_for() -> None:
    for folder in {path.parent for path in modules().values()}:
        files = list(folder.glob("*.py"))
        assert len(files) <= MOST_FILES, f"{folder} holds {len(files)} files"
        long = [path for path in files if len(path.read_text().splitlines()) > MOST_LINES]
        assert not long, f"more than {MOST_LINES} lines: {long}"
        docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
        assert docstring, f"{folder}/__init__.py says nothing"
        assert docstring.count(". ") == 0, f"{folder}/__init__.py says more than one sentence"


def test_top_level_holds_only_what_it_may() -> None:
    allowed = {
        "pyproject.toml", "README.md", "Makefile", "constraints.txt", "LICENSE", "CITATION.cff",
        "organisms", "probes", "detect", "evals", "tests", "docs", "benchmarks", "runs",
    }  # fmt: skip
    assert not top_level(ROOT) - allowed


def top_level(root: Path) -> set[str]:
    """What the repository holds at its top, or all that lies there where git cannot tell."""
    words = ("git", "-C", str(root), "ls-files", "-z")
    try:
        listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        listed = "\0".join(path.name for path in root.iterdir())
    names = {name.partition("/")[0] for name in listed.split("\0") if name}
    own = {name for name in names if name[0] != "." and not name.endswith(".egg-info")}
    return own - {"build"}


def test_only_what_git_tracks_counts_at_the_top(tmp_path: Path) -> None:
    for name in ("README.md", "notes.txt"):
        (tmp_path / name).touch()
    assert top_level(tmp_path) == {"README.md", "notes.txt"}, "no repository: all that lies there"
    for words in (("init", "-q"), ("add", "README.md")):
        subprocess.run(("git", "-C", str(tmp_path), *words), check=True)
    assert top_level(tmp_path) == {"README.md"}
