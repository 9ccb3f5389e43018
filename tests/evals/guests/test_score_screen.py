"""The score card's screen: kept under docs/screens, at most 40 lines, with its caveats."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from calling import ROOT
from evals.evidence.detector_rates import EvidenceError
from evals.guests.card_words import sentences, warnings
from evals.guests.score_card import ScoreCard
from evals.guests.show_card import LINES, card_svg, screen
from evals.statistics.rates import rate
from organisms.records.typed import validated

DATA = Path(__file__).with_name("card.json")
"""The card of the template on the suite `tree`, as `mesascope score --json` wrote it."""

FIGURES = {"schema", "sentences", "warnings"}


def kept() -> ScoreCard:
    data = json.loads(DATA.read_text(encoding="utf-8"))
    return validated(ScoreCard, {k: v for k, v in data.items() if k not in FIGURES}, EvidenceError)


def changed(card: ScoreCard, *, void: bool = False, **cell: Any) -> ScoreCard:
    """The card with other cells of its first type."""
    first, *others = card.types
    cells = tuple(replace(one, **cell) for one in first.cells)
    taken = {cells[0].family: ("weight_norm",)} if void else {}
    first = replace(first, cells=cells, void=taken, mark="†" if void else "")
    return replace(card, types=(first, *others))


@pytest.mark.parametrize("width", [80, 100])
def test_the_screen_is_the_one_that_the_documentation_shows(width: int) -> None:
    text = screen(kept(), width)
    assert text + "\n" == (ROOT / f"docs/screens/score-{width}.txt").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LINES
    assert max(map(len, text.splitlines())) <= width


def test_json_holds_what_the_screen_says() -> None:
    card = kept()
    written = json.loads(json.dumps(card.to_dict(), allow_nan=False))
    assert written == json.loads(DATA.read_text(encoding="utf-8"))
    assert written["types"][0]["mark"] == "*"
    assert "Does mine tell" in str(card)
    assert repr(card) == "ScoreCard(mine on tree; print it)"


def test_many_warnings_are_counted_so_that_the_screen_stays_one() -> None:
    card = changed(kept(), auroc=0.0, auroc_interval=(0.0, 0.3), void=True)
    card = replace(
        card,
        abstentions={"a long reason, " * 12: 40},
        false_alarms=rate(20, 48),
        cpu_seconds=9.0,
        looks=7,
        public=78,
    )
    for width in (80, 100):
        text = screen(card, width)
        assert len(text.splitlines()) <= LINES
        assert f"{len(warnings(card)) - text.count('! ') + 1} more: see --json." in text


@pytest.mark.parametrize("width", [20, 80, 140])
def test_no_mark_is_cut_off_its_number(width: int) -> None:
    text = screen(kept(), width)
    assert text.count("10/10*") >= 4
    assert text.count("5/5*†") == 1


def test_what_contradicts_a_detector_is_said() -> None:
    card = kept()
    assert any("78 of 78 untrained networks" in text for text in warnings(card))
    wrong = changed(card, auroc=0.0, auroc_interval=(0.0, 0.3))
    assert any("proxy_home (AUROC 0.00)" in text and "-value" in text for text in warnings(wrong))
    assert not any("-value" in text for text in warnings(card))


def test_a_void_claim_is_no_find_and_is_drawn_last_and_hollow() -> None:
    card, void = kept(), changed(kept(), void=True)
    assert "proxy" in sentences(card)[0]
    assert "proxy" not in sentences(void)[0]
    assert any("proxy 10/10† is void: weight norm" in text for text in warnings(void))
    drawing = card_svg(void)
    assert drawing.index("deceptive: 0/5") < drawing.index("proxy: 10/10†")
    assert "void: a rival explanation" in drawing


def test_public_organisms_label_the_card_wherever_it_is_shown() -> None:
    public = replace(kept(), public=78)
    for shown in (screen(public, 100), card_svg(public)):
        assert "public reference organisms" in shown
    assert public.to_dict()["public"] == 78
    assert "public reference organisms" not in screen(kept(), 100)
