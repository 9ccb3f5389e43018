"""An argument with a fixed set of words takes the word or refuses it, wherever there is one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("probes", "organisms", "detect", "evals")
JUDGES = ("require_fields(", "require_word(")

WRITTEN_BY_US = {
    "GroundTruth", "Entry",  # pydantic judges every field
    "Declaration",  # of a class that require_detector has judged
    "Dose",  # Conditional.in_context judges the word
    "Rival", "SweepCount", "_PolicyFile", "Subject", "RuleApplied",  # read by pydantic only
    "MonitorRates", "StepAlarms",  # copied from what was judged
    "Reading",  # its question is a record, not a word
    "Moved", "Piece", "Portrait", "Situation",  # written by the page
    "Task",  # its source is a record, not a word
}  # fmt: skip
"""Records with words that nobody gives by hand."""

JUDGED_BEFORE = {
    "coin_cells", "_colours", "_inputs", "_leak", "_lit", "_listed",  # by the distribution
    "_asked",  # by the distribution
    "_there",  # by the command line
    "in_context",  # by Conditional, the one that decides by it
}  # fmt: skip
"""Functions that take a word which something else has judged."""


def parsed() -> dict[Path, ast.Module]:
    return {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
    }


TREES = parsed()


def words_of(tree: ast.Module) -> set[str]:
    """Names that a module gives to a `Literal` or a `StrEnum`."""
    names = set()
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("Literal["):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.ClassDef) and "StrEnum" in map(ast.unparse, node.bases):
            names.add(node.name)
    return names


WORDS = set().union(*map(words_of, TREES.values())) | {"Literal"}


def mentions(annotation: ast.expr) -> bool:
    """Whether an annotation has a fixed set of words in it."""
    return bool(WORDS & set(re.findall(r"\w+", ast.unparse(annotation))))


def classes(tree: ast.Module) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))


def silent_records(trees: list[ast.Module]) -> list[str]:
    """Dataclasses with a word that neither they nor their bases judge when they are built."""
    known = {kind.name: kind for tree in trees for kind in classes(tree)}

    def judges(kind: ast.ClassDef) -> bool:
        made = [one for one in kind.body if getattr(one, "name", "") == "__post_init__"]
        if made:
            text = ast.unparse(made[0])
            return any(judge in text for judge in JUDGES) or "super().__post_init__" in text
        above = [known[name] for name in map(ast.unparse, kind.bases) if name in known]
        return any(map(judges, above))

    found = []
    for kind in known.values():
        fields = [one.annotation for one in kind.body if isinstance(one, ast.AnnAssign)]
        fields = [one for one in fields if "ClassVar" not in ast.unparse(one)]
        made = any("dataclass" in ast.unparse(one) for one in kind.decorator_list)
        if made and any(map(mentions, fields)) and not judges(kind):
            found.append(kind.name)
    return found


def silent_functions(tree: ast.Module) -> list[str]:
    """Functions that compare a word they are given, and judge it nowhere."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        every = [*node.args.args, *node.args.kwonlyargs]
        given = [one.arg for one in every if one.annotation and mentions(one.annotation)]
        body = "\n".join(map(ast.unparse, node.body))
        compared = any(re.search(rf"\b{name} (==|!=|is|in) ", body) for name in given)
        if compared and not any(judge in body for judge in JUDGES):
            found.append(node.name)
    return found


def test_every_record_with_a_fixed_set_of_words_judges_them() -> None:
    assert not sorted(set(silent_records(list(TREES.values()))) - WRITTEN_BY_US)


def test_every_function_that_compares_a_given_word_judges_it_first() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path, tree in TREES.items()
        for name in silent_functions(tree)
        if name not in JUDGED_BEFORE
    }
    assert not found


FUNCTION = "def reads(source: Source) -> int:\n    return 1 if source == 'tokens' else 2\n"
RECORD = "@dataclass\nclass Choice:\n    source: Source = 'tokens'\n"


@pytest.mark.parametrize(
    ("text", "judged", "find"),
    [
        (FUNCTION, "\n    require_word('source', source, SOURCES)\n    return", silent_functions),
        (RECORD, "", lambda tree: silent_records([tree])),
    ],
)
def test_a_silent_other_branch_would_be_seen(text: str, judged: str, find: object) -> None:
    assert find(ast.parse(text))  # type: ignore[operator]
    mended = (
        text.replace("\n    return", judged)
        if judged
        else (text + "    def __post_init__(self):\n        require_fields(self)\n")
    )
    assert not find(ast.parse(mended))  # type: ignore[operator]
