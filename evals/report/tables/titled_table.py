"""A terminal table as the command prints it: every word whole, whatever the width."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from probes.errors import printable

GAP = 2
"""Blanks between columns."""


class LiteralTable(Table):
    """A table that takes no text for markup or codes, and cuts no word.

    Names and findings come from files: `[/x]` is a name like any other. A mark beside a number is
    a part of its word. Where the words of a row do not fit side by side they are listed instead.
    """

    def add_column(self, header: Any = "", footer: Any = "", **style: Any) -> None:
        """As `Table.add_column`, with a heading that can be shown."""
        super().add_column(_shown(header), _shown(footer), **style)

    def add_row(self, *cells: Any, **style: Any) -> None:
        """As `Table.add_row`, with cells that can be shown."""
        super().add_row(*map(_shown, cells), **style)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[Any]:
        heads = [
            Text(printable(text), f"table.{name}") if isinstance(text, str) else text
            for name in ("title", "caption")
            if (text := getattr(self, name)) is not None
        ]
        widths = fitted(
            [_widths([column.header, *column.cells]) for column in self.columns],
            options.max_width - GAP * (len(self.columns) - 1),
        )
        title, caption = self.title, self.caption
        if title is not None:
            yield heads[0]
        if widths is None:
            yield from self._listed()
        else:
            for column, width in zip(self.columns, widths, strict=True):
                column.width = width
            self.title = self.caption = None
            yield from super().__rich_console__(console, options.update(markup=False))
            self.title, self.caption = title, caption
        if caption is not None:
            yield heads[-1]

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(1, options.max_width)

    def _listed(self) -> Iterable[Text]:
        """Every cell on lines of its own, behind the heading of its column."""
        for row in zip(*(list(column.cells) for column in self.columns), strict=True):
            yield Text()
            for column, cell in zip(self.columns, row, strict=True):
                heading = " ".join(str(column.header).split())
                yield Text(f"{heading}: {cell}" if heading else str(cell))


def titled_table(title: str, *headings: str) -> Table:
    """An empty table with these columns; give it its rows, and a caption if it needs one."""
    return LiteralTable(
        *headings, title=title or None, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False,
        collapse_padding=True,
    )  # fmt: skip


def table_record(table: Table) -> dict[str, Sequence[object]]:
    """Headings and rows of a table as text."""
    columns = [list(column.cells) for column in table.columns]
    return {
        "columns": [str(column.header) for column in table.columns],
        "rows": [list(map(str, row)) for row in zip(*columns, strict=True)],
    }


def fitted(widths: Sequence[tuple[int, int]], room: int) -> list[int] | None:
    """Widths of columns that leave every word whole; None where there is no room for them.

    Args:
        widths: of each column's longest word, and of its longest line.
        room: for all columns together.
    """
    found = [least for least, _ in widths]
    if sum(found) > room:
        return None
    while sum(found) < room:
        wanting = [n for n, (_, most) in enumerate(widths) if found[n] < most]
        if not wanting:
            break
        found[min(wanting, key=lambda n: found[n])] += 1
    return found


def _widths(cells: Iterable[Any]) -> tuple[int, int]:
    """Widths of the longest word and of the longest line."""
    lines = [line for cell in cells for line in str(cell).splitlines()]
    words = [word for line in lines for word in line.split()]
    return max(map(cell_len, words), default=1), max(map(cell_len, lines), default=1)


def _shown(cell: Any) -> Any:
    return printable(cell) if isinstance(cell, str) else cell
