"""Where the command prints, and writes what a study found."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from probes.files import write_whole

console = Console(width=None if sys.stdout.isatty() else 140)


def write_record(record: Any, path: Path, what: str = "figures") -> None:
    """Write a record as JSON and say where it lies."""
    write_whole(path, json.dumps(record, indent=1, allow_nan=False))
    console.print(f"{what}: {path}", soft_wrap=True)
