"""A terminal table as the command prints it: title and caption to the left."""

from __future__ import annotations

from rich.table import Table


def titled_table(title: str, *headings: str) -> Table:
    """An empty table with these columns; give it its rows, and a caption if it needs one."""
    return Table(*headings, title=title, title_justify="left", caption_justify="left")
