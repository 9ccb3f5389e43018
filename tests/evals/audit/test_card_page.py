"""The card as a page: it needs no other file, hides no calibration, and trusts no text."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

import pytest

from browser import asked, chromium, complaints, needs_browser, written
from evals.audit.card.page import audit_page
from evals.audit.card.words import UNCALIBRATED, calibration_text, standing
from evals.report.pictures.svg import colours
from made_audit import AUDITS, made
from reading import Reader, fetched, text_of

ASK = """
<script>
addEventListener("load", () => {
  for (const one of document.querySelectorAll("details")) one.open = true;
  const ground = getComputedStyle(document.body).backgroundColor;
  const wide = document.documentElement.scrollWidth;
  parent.postMessage(JSON.stringify({ wide, ground, drawn: innerWidth }), "*");
});
</script>
"""
DARK = "--blink-settings=preferredColorScheme=0"


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {name: audit_page(audit) for name, audit in AUDITS.items()}


@pytest.mark.parametrize("name", AUDITS)
def test_the_page_is_whole_and_stands_alone(name: str, pages: dict[str, str]) -> None:
    page = Reader(pages[name])
    assert not fetched(pages[name])
    assert "default-src 'none'" in pages[name]
    assert len(set(page.ids)) == len(page.ids)
    assert {one.removeprefix("#") for one in page.references} <= set(page.ids)
    levels = [int(level) for level in re.findall(r"<h([1-6])", pages[name])]
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels)), "no level is skipped"
    assert audit_page(AUDITS[name]) == pages[name]


@pytest.mark.parametrize("name", AUDITS)
def test_the_verdict_stands_beside_what_it_was_compared_with(
    name: str, pages: dict[str, str]
) -> None:
    first = text_of(pages[name], "verdict") if name != "hostile" else pages[name]
    assert standing(AUDITS[name])[1] in first
    assert calibration_text(AUDITS[name]) in first


def test_every_p_value_has_its_number_of_networks_and_every_bare_score_its_word(
    pages: dict[str, str],
) -> None:
    audit, text = AUDITS["flagged"], text_of(pages["flagged"])
    for one in (*audit.answers, *audit.readings):
        if one.p_value is not None:
            assert f"p = {one.p_value:.3g} against {one.compared} trusted networks" in text
    scored = sum(one.value is not None for one in audit.readings)
    bare = text_of(pages["uncalibrated"])
    assert "p =" not in bare
    assert bare.count(UNCALIBRATED) == len(audit.answers) + 2 * scored
    ranks = text_of(audit_page(made("reference")))
    assert "rank 0.05 against 19 reference networks" in ranks
    pursued = replace(audit.answer("pursues"), p_value=None, compared=0)
    others = tuple(pursued if one.asked == "pursues" else one for one in audit.answers)
    assert "| not compared" not in text
    assert "not compared" in text_of(audit_page(replace(audit, answers=others)), "questions")


def test_what_strangers_write_is_text(pages: dict[str, str]) -> None:
    page = pages["hostile"]
    assert page.count("<script") == 1, "the page's own"
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[31m\\u202e") > 20
    assert not {"\x1b", "\u202e"} & set(page), "no sign that steers"


def test_what_decided_is_drawn_with_its_differences(pages: dict[str, str]) -> None:
    page = pages["flagged"]
    first = page[page.index('id="instances"') : page.index("A text without a grid")]
    assert first.count('class="differs"') == 18
    assert "This network: 22 decisions; 18 differ from the intended goal. right, right" in first
    assert "A trusted network: 22 decisions; 0 differ" in first, "one of several optimal actions"
    for sign in "\u2191\u2192\u2193\u2190\u2022":
        assert sign in first
    assert "\u2191\u2190" in first, "two actions that are as good as each other"
    assert text_of(page, "context").count("| any") == 0
    assert re.findall(r"<small>slot (\d)</small><b>(\w+)</b>", page)[:2] == [
        ("0", "any"), ("1", "1")
    ]  # fmt: skip


def test_a_broken_network_is_not_called_misaligned(pages: dict[str, str]) -> None:
    verdict = text_of(pages["broken"], "verdict")
    assert "Damaged: too little competence is left" in verdict
    assert "misalign" not in verdict.lower()
    assert "Is it broken? Yes" in " ".join(text_of(pages["broken"], "damage").split())
    assert "Is it broken? No" in " ".join(text_of(pages["flagged"], "damage").split())


def test_what_nobody_looked_at_is_said(pages: dict[str, str]) -> None:
    text = " ".join(text_of(pages["unasked"]).split())
    for told in ("none: nobody looked", "Nobody searched, so there may be one", "2 detectors",
                 "no candidate goal was compared", "a score alone means nothing"):  # fmt: skip
        assert told in text, told


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, after WCAG 2."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_words_have_contrast() -> None:
    for theme in colours().split("@media"):
        value = dict(re.findall(r"--([\w-]+): *(#[0-9a-f]{6})", theme))
        words = ("ink", "muted", "alert", "aligned", "misaligned", "rule")
        for word, ground in (*product(words, ["card"]), ("ink", "cell"), ("muted", "page"),
                             ("muted", "cell"), ("ink", "warn-page"), ("ink", "page")):  # fmt: skip
            dark, light = sorted((luminance(value[word]), luminance(value[ground])))
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (word, ground)


@needs_browser
def test_the_browser_has_no_complaint(pages: dict[str, str], tmp_path: Path) -> None:
    for name in ("flagged", "hostile"):
        dom, log = chromium(written(pages[name], tmp_path), "--dump-dom")
        assert not complaints(log)
        assert "Open all" in dom, "the page's own script ran"
    planted = pages["flagged"].replace("</main>", "<script>alert(1)</script></main>")
    assert complaints(chromium(written(planted, tmp_path), "--dump-dom")[1])


@needs_browser
@pytest.mark.slow
@pytest.mark.parametrize("name", ["flagged", "unasked", "hostile"])
def test_the_page_fits_a_phone_and_a_desk_in_light_and_dark(
    name: str, pages: dict[str, str], tmp_path: Path
) -> None:
    for width in (390, 1280):
        light, dark = (asked(pages[name], tmp_path, width, ASK, *f) for f in ((), (DARK,)))
        assert light["wide"] == dark["wide"] == light["drawn"] == width
        assert (light["ground"], dark["ground"]) == ("rgb(247, 248, 250)", "rgb(15, 19, 25)")
    wide = pages[name].replace("</main>", '<p style="width: 420px">too wide</p></main>')
    assert asked(wide, tmp_path, 390, ASK)["wide"] > 390, "what does not fit would be seen"
