"""The page of all commands, from what their `--help` prints.

`python tests/help_page.py --write` writes docs/reference/commands.md anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from evals.command.cli import app

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "commands.md"
WIDTH = 88

INTRODUCTION = """\
# Commands

What `--help` prints, for every command.
"""


def commands() -> Iterator[tuple[str, Any, Any]]:
    """Words, context and command of the whole tree, in the order of the help."""
    main: Any = get_command(app)
    yield from _below(main, main.context_class(main, info_name="mesascope"))


def help_page() -> str:
    """The page as text."""
    parts = [INTRODUCTION]
    for words, context, command in commands():
        context.terminal_width = context.max_content_width = WIDTH
        lines = [line.rstrip() for line in command.get_help(context).splitlines()]
        level = "##" if words.count(" ") < 2 else "###"
        parts.append(f"{level} {words}\n\n```text\n" + "\n".join(lines).strip() + "\n```\n")
    return "\n".join(parts)


def _below(command: Any, context: Any) -> Iterator[tuple[str, Any, Any]]:
    yield context.command_path, context, command
    for name in command.list_commands(context) if hasattr(command, "list_commands") else ():
        inner = command.get_command(context, name)
        yield from _below(inner, inner.context_class(inner, info_name=name, parent=context))


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        raise SystemExit(__doc__)
    PAGE.write_text(help_page(), encoding="utf-8")
