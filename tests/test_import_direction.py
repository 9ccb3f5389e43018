"""probes imports nothing of ours; organisms and detect import probes; evals imports all three."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = {
    "probes": set[str](),
    "organisms": {"probes"},
    "detect": {"probes"},
    "evals": {"probes", "organisms", "detect"},
}


def imported_packages(source: str) -> set[str]:
    """Our packages that a module imports, wherever in the file it does so."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names & set(ALLOWED)


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_packages_import_only_downwards(package: str) -> None:
    files = list((ROOT / package).rglob("*.py"))
    assert files, f"package {package} is empty"
    for path in files:
        upward = imported_packages(path.read_text()) - ALLOWED[package] - {package}
        assert not upward, f"{path.relative_to(ROOT)} imports {sorted(upward)}"


def test_an_upward_import_would_be_seen() -> None:
    hidden = "def late():\n    from evals.judge import judge\n    import organisms.net\n"
    assert imported_packages(hidden) == {"evals", "organisms"}


def test_top_level_holds_only_what_it_may() -> None:
    allowed = {
        "pyproject.toml", "README.md", "Makefile", "constraints.txt", "LICENSE",
        "organisms", "probes", "detect", "evals", "tests", "docs", "benchmarks", "runs",
    }  # fmt: skip
    found = {
        path.name
        for path in ROOT.iterdir()
        if not path.name.startswith(".") and not path.name.endswith(".egg-info")
    }
    assert found <= allowed | {"build"}, sorted(found - allowed)
