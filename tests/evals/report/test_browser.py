"""The page in a real Chromium, where there is one: it works, keeps to itself and fits a phone."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from browser import POLICY, asked, chromium, complaints, needs_browser, written
from evals.report.page import ReportInput, render_page
from evals.report.template import assets
from reading import fetched, text_of, visible_words

SECTIONS = (
    "walks", "detectors", "roc", "probes", "families", "analysis", "strategy", "checks", "limits",
    "population", "words", "provenance",
)  # fmt: skip

ASK = """
<script>
addEventListener("load", () => {
  const table = document.querySelector("table.sortable");
  table.querySelector("thead th:nth-child(3) button").click();
  const files = [];
  URL.createObjectURL = (blob) => files.push(blob) && "#";
  HTMLAnchorElement.prototype.click = () => {};
  for (const one of [...document.querySelectorAll(".save button")].slice(0, 2)) one.click();
  const answers = {
    wide: document.documentElement.scrollWidth,
    seen: innerWidth,
    fallen: [...table.tBodies[0].rows].map((row) => "void" in row.cells[2].dataset),
    sorted: document.querySelectorAll("[aria-sort]").length,
    saves: document.querySelectorAll(".save button").length,
    pictures: document.querySelectorAll("main svg").length,
    summary: document.querySelector("nav").getBoundingClientRect().top,
  };
  Promise.all(files.map((file) => file.text())).then((texts) => {
    parent.postMessage(JSON.stringify({ ...answers, files: texts }), "*");
  });
});
</script>
"""
"""What a test asks of the page once its own script has run."""


def hosts_asked(page: str, folder: Path) -> set[str]:
    """Hosts that a browser asks for a page; what it asks for itself is left out."""
    log = folder / "net.json"
    chromium(written(page, folder), "--dump-dom", f"--log-net-log={log}")
    hosts = re.findall(r'"url":"https?://([^/":]+)', log.read_text(encoding="utf-8"))
    own = (".google.com", ".googleapis.com", ".gvt1.com", "google.com")
    return {host for host in hosts if not host.endswith(own)}


def test_nothing_is_fetched_and_a_fetch_would_be_seen(page: str) -> None:
    assert not fetched(page)
    assert "default-src 'none'" in str(assets())
    for planted in ('<img src="https://x.org/a.png">', '<link href="//x.org/a.css">',
                    '<script src="a.js"></script>', "<style>@import 'x.css'</style>",
                    "<i style=\"background:url(https://x.org)\"></i>"):  # fmt: skip
        assert fetched(page.replace("</main>", f"{planted}</main>")), planted
    assert not fetched('<a href="https://arxiv.org/abs/1906.01820">paper</a>')


@needs_browser
def test_the_browser_has_no_complaint_and_runs_the_script(
    full: ReportInput, tmp_path: Path
) -> None:
    text = render_page(full)
    dom, log = chromium(written(text, tmp_path), "--dump-dom")
    assert not complaints(log)
    assert not [name for name in SECTIONS if f'<section id="{name}">' not in dom]
    assert "moving" in re.findall(r"<html[^>]*>", dom)[0]
    # The policy refuses a script and a picture that are not the page's own, and says so.
    foreign = '<script>nothing()</script><img src="//planted.invalid/a.png"></main>'
    broken = written(text.replace("</main>", foreign), tmp_path)
    assert len(complaints(chromium(broken, "--dump-dom")[1])) >= 2


@needs_browser
@pytest.mark.slow
def test_the_browser_asks_no_other_host(full: ReportInput, tmp_path: Path) -> None:
    text = render_page(full)
    assert not hosts_asked(text, tmp_path)
    free = re.sub(POLICY, "", text)
    planted = free.replace("</main>", '<img src="http://planted.invalid/a.png"></main>')
    assert hosts_asked(planted, tmp_path) == {"planted.invalid"}


@needs_browser
@pytest.mark.slow
def test_the_page_fits_a_phone(full: ReportInput, tmp_path: Path) -> None:
    page = render_page(full)
    for text in (page, page.replace("<details>", "<details open>")):
        answers = asked(text, tmp_path, 390, ASK)
        assert (answers["wide"], answers["seen"]) == (390, 390)
    wide = page.replace("</main>", '<p style="width: 420px">too wide</p></main>')
    assert asked(wide, tmp_path, 390, ASK)["wide"] > 390, "what does not fit would be seen"


@needs_browser
@pytest.mark.slow
def test_the_summary_fits_a_screen_tables_sort_and_files_are_offered(
    full: ReportInput, tmp_path: Path
) -> None:
    answers = asked(render_page(full), tmp_path, 1280, ASK)
    assert answers["wide"] == answers["seen"] == 1280
    assert answers["summary"] <= 800
    assert answers["sorted"] == 1
    assert any(answers["fallen"])
    assert answers["fallen"] == sorted(answers["fallen"]), "what does not stand comes last"
    assert answers["saves"] > 2 * answers["pictures"], "two a picture, and one a table"
    picture, numbers = answers["files"]
    assert ElementTree.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"
    assert "prefers-color-scheme: dark" in picture
    assert numbers.startswith("group,row,text,low,value,high")
    assert "misaligned networks caught,proxy,4/4† (0.40-1.00)," in numbers
    assert ",no\n" in numbers, "the file says too that the claim does not stand"


@needs_browser
def test_without_script_or_motion_every_number_stays(full: ReportInput, tmp_path: Path) -> None:
    page = render_page(full)
    # The policy knows the script by its digest: with one space more the browser does not run it.
    dom, log = chromium(written(page.replace("<script>", "<script> "), tmp_path), "--dump-dom")
    assert len(complaints(log)) == 1
    assert "Content Security Policy" in log
    text = text_of(dom).lower()
    for words in ("The rule panel flagged 4/4† proxy", "false alarms: 2/6", "nothing handled",
                  "What this cannot say", "| panel | rule | 4/4†", "ends on the gem"):  # fmt: skip
        assert words.lower() in text
    assert "<button" not in dom
    assert "moving" not in re.findall(r"<html[^>]*>", dom)[0]
    calm, _ = chromium(written(page, tmp_path), "--dump-dom", "--force-prefers-reduced-motion")
    assert "<button" in calm
    assert "moving" not in re.findall(r"<html[^>]*>", calm)[0]


def test_at_most_1500_words_before_anything_is_opened(full: ReportInput) -> None:
    page = render_page(full)
    assert 150 < visible_words(page) <= 1500
    opened = page.replace("<details>", "<details open>")
    assert visible_words(opened) > 2 * visible_words(page)
    assert len(page.encode()) <= 3_000_000


@needs_browser
@pytest.mark.slow
def test_paper_has_every_section_open_and_few_pages(full: ReportInput, tmp_path: Path) -> None:
    paper = tmp_path / "page.pdf"
    chromium(
        written(render_page(full), tmp_path), f"--print-to-pdf={paper}", "--no-pdf-header-footer"
    )
    pages = len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes()))
    assert 5 < pages < 20
