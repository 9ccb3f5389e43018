"""The pages that people read, and the code and commands in them.

A block of Python or of a command that is directly followed by a block of text prints that text. A
block of Python after `<!-- slow -->` takes a minute; one that begins with `# mine.py` is that file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = {
    str(path.relative_to(ROOT)): path for path in (ROOT / "README.md", *sorted(DOCS.rglob("*.md")))
}
"""Where a page lies, from the top of the repository -> its path."""

WITH_OUTPUT = r"(<!-- slow -->\n)?```(python|console)\n(.*?)```(?:\n\n```text\n(.*?)```)?"


@dataclass(frozen=True)
class Block:
    """Code of a page, and what it prints if the page says so.

    Attributes:
        language: `python` or `console`.
    """

    language: str
    code: str
    printed: str | None
    slow: bool


def blocks(page: str) -> list[Block]:
    """Python and commands of a page, in their order."""
    found = re.findall(WITH_OUTPUT, PAGES[page].read_text(encoding="utf-8"), re.DOTALL)
    return [
        Block(language, code, printed or None, bool(slow))
        for slow, language, code, printed in found
    ]


def spoken(page: str) -> list[str]:
    """Words after every `mesascope` that a page says to type, in blocks and in sentences."""
    text = PAGES[page].read_text(encoding="utf-8")
    lines = re.findall(r"^\$ mesascope ([^#>\n]*)", text, re.MULTILINE)
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    spans = re.findall(r"`mesascope\s([^`]*)`", prose)
    return [" ".join(words.split()) for words in (*lines, *spans)]


def links(page: str) -> Iterator[tuple[Path, str]]:
    """Files of this repository that a page points at, each with the heading or ``."""
    prose = re.sub(r"```.*?```", "", PAGES[page].read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", prose):
        place, _, heading = link.partition("#")
        yield PAGES[page].parent / place if place else PAGES[page], heading


def headings(path: Path) -> set[str]:
    """What links call the headings of a page."""
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return {
        re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
