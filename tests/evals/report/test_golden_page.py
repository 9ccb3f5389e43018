"""The whole page of a made-up run, as text, beside the one that was looked at and stored.

Where it differs on purpose, look at the page in a browser and store the new text:
    GOLDEN=/tmp/page.html python -m pytest tests/evals/report/test_golden_page.py
"""

import os
from difflib import unified_diff
from pathlib import Path

from evals.report.page import ReportInput, render_page
from reading import text_of

STORED = Path(__file__).parent / "golden_page.txt"


def test_the_page_says_what_it_said_when_somebody_last_looked_at_it(full: ReportInput) -> None:
    page = render_page(full)
    text = text_of(page) + "\n"
    if place := os.environ.get("GOLDEN"):
        Path(place).write_text(page)
        STORED.write_text(text)
    lines = unified_diff(STORED.read_text().splitlines(), text.splitlines(), "stored", "now", n=0)
    difference = "\n".join(lines)
    assert not difference, difference
