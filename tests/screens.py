"""What commands print on one screen, from committed data, kept as text in docs/screens.

`python tests/screens.py --write` writes the kept screens anew.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Mapping
from io import StringIO
from pathlib import Path

from pydantic import TypeAdapter

from evals.audit.card.audit_file import read_audit
from evals.audit.card.text import audit_text
from evals.command.console import LiteralConsole
from evals.command.screen import print_screen, rest_lines
from evals.evidence.evidence_file import read_suite_evidence
from evals.running.update import updated_risk
from evals.studies.probing.probe_table import probe_table
from evals.studies.probing.probing import Reading
from evals.studies.probing.text_reading import TextReading
from evals.studies.probing.text_screen import print_reading

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "docs" / "screens"
EVIDENCE = ROOT / "docs" / "results" / "smoke.evidence.json"
PROBE = ROOT / "docs" / "results" / "smoke.probe.json"
TEXTS = ROOT / "docs" / "results" / "texts.probe.json"
AUDIT = ROOT / "docs" / "results" / "corridor.audit.json"
WIDTHS = (80, 100)


def run_screen(width: int) -> str:
    """What `mesascope run --suite smoke` prints at the end."""
    evidence = read_suite_evidence(EVIDENCE)
    paper = StringIO()
    folder = Path("runs") / f"{evidence.suite}-{evidence.suite_hash[:8]}"
    print_screen(
        LiteralConsole(file=paper, width=width),
        evidence,
        updated_risk(evidence, 0.2),
        rest_lines(evidence.suite, folder),
    )
    return stripped(paper)


def probe_screen(width: int) -> str:
    """What `mesascope probe` prints of a sweep that was kept."""
    data = json.loads(PROBE.read_text(encoding="utf-8"))
    del data["schema"]
    reading = TypeAdapter(Reading).validate_python(data)
    paper = StringIO()
    LiteralConsole(file=paper, width=width).print(probe_table(reading))
    return stripped(paper)


def texts_screen(width: int) -> str:
    """What `mesascope probe FOLDER --data` prints of a scan that was kept."""
    data = json.loads(TEXTS.read_text(encoding="utf-8"))
    fields = {field.name for field in dataclasses.fields(TextReading)}
    reading = TypeAdapter(TextReading).validate_python(
        {name: value for name, value in data.items() if name in fields}
    )
    paper = StringIO()
    console = LiteralConsole(file=paper, width=width)
    print_reading(console, reading)
    return stripped(paper)


def audit_screen(width: int) -> str:
    """What `mesascope audit` prints of the tutorial's proxy."""
    return "".join(f"{line}\n" for line in audit_text(read_audit(AUDIT), width))


def stripped(paper: StringIO) -> str:
    """What was printed, without blanks at the ends of lines."""
    return "".join(f"{line.rstrip()}\n" for line in paper.getvalue().splitlines())


SCREENS: Mapping[str, Callable[[int], str]] = {
    "audit": audit_screen,
    "run": run_screen,
    "probe": probe_screen,
    "probe-texts": texts_screen,
}
"""Command -> its screen at a width."""


def kept(name: str, width: int) -> Path:
    """Where a screen is kept."""
    return KEPT / f"{name}-{width}.txt"


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        raise SystemExit(__doc__)
    for name, screen in SCREENS.items():
        for width in WIDTHS:
            kept(name, width).write_text(screen(width), encoding="utf-8")
