"""Read a page as a reader meets it: its text line by line, and what a browser would fetch."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any, TextIO

import pytest
from matplotlib.figure import Figure

from evals.report.page import ReportInput, render_page

VOID = {"meta", "br", "link", "img", "hr", "input"}
INLINE = {"a", "b", "br", "em", "i", "small", "span", "strong", "td", "th", "use"}


class Reader(HTMLParser):
    """Collects tags, ids and references, and checks that every element is closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.references: list[str] = []
        self.pieces: list[str] = []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "xlink:href"):
                self.references.append(value or "")
            if name == "aria-label" and tag == "svg":
                self.pieces.append(f"\n[figure: {' '.join((value or '').split())}]\n")
        if "svg" not in self.open and tag not in INLINE:
            self.pieces.append("\n")
        if tag in ("td", "th", "small"):
            self.pieces.append(" " if tag == "small" else "| ")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag in ("td", "th", "small"):
            self.pieces.append(" ")

    def handle_data(self, data: str) -> None:
        if not {"style", "script", "svg"} & set(self.open):
            self.pieces.append(data.replace("\n", " "))

    @property
    def text(self) -> str:
        """A line per block and per row; pictures by their words."""
        lines = (" ".join(line.split()) for line in "".join(self.pieces).splitlines())
        return "\n".join(line for line in lines if line)


def text_of(page: str, section: str = "") -> str:
    """The text of a page, or of the section of that id."""
    if section:
        start = page.index(f'<section id="{section}"')
        page = page[start : page.index("</section>", start) + len("</section>")]
    return Reader(page).text


def words_of(report: ReportInput, section: str = "") -> str:
    """`text_of` its page, whose charts keep their words but are not drawn, which takes long."""

    def empty(figure: Figure, file: TextIO, **options: Any) -> None:
        file.write('<svg viewBox="0 0 1 1"></svg>')

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", empty)
        return text_of(render_page(report), section)


def fetched(page: str) -> list[str]:
    """What a browser would fetch for a page: all that is no link to follow and no place in it."""
    page = re.sub(r"<(script|metadata)>.*?</\1>", "", page, flags=re.S)
    tags = re.findall(r"<(?!a\b)[a-z]+ [^>]*?\b(?:href|src|srcset|poster)=\"([^\"]*)\"", page)
    styles = re.findall(r"(?:@import|url\()\s*['\"]?([^'\")]*)", page)
    return [place for place in tags + styles if not place.startswith("#")]


class Closed(HTMLParser):
    """Counts the words that are read before anything is opened."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[tuple[str, bool]] = []
        self.words = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            return
        closed = tag == "details" and "open" not in dict(attrs)
        self.open.append((tag, closed or tag in ("style", "script", "metadata", "head")))

    def handle_endtag(self, tag: str) -> None:
        self.open.pop()

    def handle_data(self, data: str) -> None:
        hidden = [tag for tag, gone in self.open if gone]
        title = [tag for tag, _ in self.open if tag == "summary"]
        if not hidden or (hidden == ["details"] and title):
            self.words += len(data.split())


def visible_words(page: str) -> int:
    """Words of a page before a section is opened, those of its pictures among them."""
    return Closed(page).words
