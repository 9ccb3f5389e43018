"""A real Chromium, where there is one: what it prints of a page, and what the page answers."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless",
    "--hide-scrollbars",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-extensions",
)
needs_browser = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here")

FRAME = """<!DOCTYPE html><body style="margin: 0">
<script>addEventListener("message", (one) => (document.body.dataset.answers = one.data))</script>
<iframe src="asked.html" style="border: 0; width: {width}px; height: 800px"></iframe></body>
"""
"""A phone: headless Chromium has no window narrower than 500 pixels."""


POLICY = r"<meta http-equiv=\"Content-Security-Policy\"[^>]*>"


def written(page: str, folder: Path) -> Path:
    """The page as a file."""
    place = folder / "page.html"
    place.write_text(page, encoding="utf-8")
    return place


def chromium(page: Path, *flags: str) -> tuple[str, str]:
    """What the browser prints of a page, and what it says on the console."""
    assert BROWSER is not None
    done = subprocess.run(
        [BROWSER, *FLAGS, f"--user-data-dir={page.parent / 'profile'}", "--enable-logging=stderr",
         *flags, page.as_uri()],
        capture_output=True, text=True, timeout=240, check=True,
    )  # fmt: skip
    return done.stdout, done.stderr


def complaints(log: str) -> list[str]:
    """Lines of the page's console; the browser's own concern its machine."""
    return [line for line in log.splitlines() if ":CONSOLE" in line]


def asked(page: str, folder: Path, width: int, ask: str, *flags: str) -> dict[str, Any]:
    """What a script answers from inside a page in a window of that width.

    Args:
        ask: a script that sends its answers as JSON to the parent of the page; the page's policy,
            which forbids asking, is taken out.
    """
    text = re.sub(POLICY, "", page).replace("</body>", f"{ask}</body>")
    (folder / "asked.html").write_text(text, encoding="utf-8")
    (folder / "frame.html").write_text(FRAME.format(width=width), encoding="utf-8")
    dom, log = chromium(
        folder / "frame.html", "--dump-dom", "--window-size=1280,800", "--virtual-time-budget=5000",
        *flags,
    )  # fmt: skip
    assert not complaints(log)
    found = re.search(r'data-answers="([^"]*)"', dom)
    assert found, "the page did not answer"
    answers: dict[str, Any] = json.loads(unescape(found[1]))
    return answers
