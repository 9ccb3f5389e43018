"""A terminal table as the command prints it: title and caption to the left, text as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from probes.errors import printable


class LiteralTable(Table):
    """A table that takes no text for markup or codes, whichever console prints it.

    Names and findings come from files: `[/x]` is a name like any other.
    """

    def add_column(self, header: Any = "", footer: Any = "", **style: Any) -> None:
        """As `Table.add_column`, with a heading that can be shown."""
        super().add_column(_shown(header), _shown(footer), **style)

    def add_row(self, *cells: Any, **style: Any) -> None:
        """As `Table.add_row`, with cells that can be shown."""
        super().add_row(*map(_shown, cells), **style)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[Any]:
        for name in ("title", "caption"):
            if isinstance(text := getattr(self, name), str):
                setattr(self, name, Text(printable(text), f"table.{name}"))
        return super().__rich_console__(console, options.update(markup=False))

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return super().__rich_measure__(console, options.update(markup=False))


def titled_table(title: str, *headings: str) -> Table:
    """An empty table with these columns; give it its rows, and a caption if it needs one."""
    return LiteralTable(*headings, title=title, title_justify="left", caption_justify="left")


def table_record(table: Table) -> dict[str, Sequence[object]]:
    """Headings and rows of a table as text."""
    columns = [list(column.cells) for column in table.columns]
    return {
        "columns": [str(column.header) for column in table.columns],
        "rows": [list(map(str, row)) for row in zip(*columns, strict=True)],
    }


def _shown(cell: Any) -> Any:
    return printable(cell) if isinstance(cell, str) else cell
