"""Text files are read in one place, which gives them one meaning."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("probes", "organisms", "detect", "evals", "benchmarks")
READER = ROOT / "probes" / "parsing.py"

MODULES = ("tomllib", "json.decoder")
PARSERS = ("loads", "load", "JSONDecoder", "decoder")


def readers(source: str) -> list[str]:
    """Where a module parses JSON or TOML itself."""
    found, names = [], set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.asname or "json" for alias in node.names if alias.name == "json"}
            found += [
                alias.name for alias in node.names if alias.name in ("tomllib", "json.decoder")
            ]
        elif isinstance(node, ast.ImportFrom):
            module = str(node.module)
            if module.partition(".")[0] in ("json", "tomllib"):
                found.append(f"from {module}")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in PARSERS:
            found += [ast.unparse(node)] * (ast.unparse(node.value) in names)
    return found


def test_json_and_toml_are_parsed_by_one_module_only() -> None:
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    assert READER in paths
    found = {
        str(path.relative_to(ROOT)): own
        for path in paths
        if path != READER and (own := readers(path.read_text("utf-8")))
    }
    assert not found


def test_a_reader_of_its_own_would_be_seen() -> None:
    for source in (
        "import json\njson.loads('1')",
        "import json\nread = json.load",
        "import json\njson.JSONDecoder()",
        "import json as j\nj.loads('1')",
        "from json import loads",
        "from json.decoder import JSONDecoder",
        "def late():\n    import tomllib",
        "from tomllib import load",
    ):
        assert readers(source), source
    assert not readers("import json\njson.dumps(1)")
