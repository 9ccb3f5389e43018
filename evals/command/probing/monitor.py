"""Watch texts with a saved probe: each gets a score, and a flag above the limit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from evals.command.command import keep
from evals.command.console import console, errors
from evals.studies.probing.text_job import ProbeRefused, Reading
from probes.errors import on_one_line
from probes.texts.plain import read_plain_texts

if TYPE_CHECKING:
    from probes.linear.saved_probe import SavedProbe
    from probes.texts.dataset import Text

MOST_LINES = 30
"""Texts on the screen: flagged ones first."""

BEGINNING = 60
"""Signs of a text that are shown."""


def watch(reading: Reading, saved: Path, texts: Path) -> None:
    """Score texts one by one.

    Raises:
        SavedProbeError: the file holds no probe, or one of another model.
    """
    if not saved.is_file():
        raise ProbeRefused(f"no saved probe at {saved}; mesascope probe --save writes one")
    plain = read_plain_texts(texts)
    from probes.linear.saved_probe import SavedProbe
    from probes.texts.encode import encode
    from probes.texts.read import read_texts
    from probes.texts.store import model_digest

    probe = SavedProbe.load(saved)
    with errors.status("reading texts", spinner="line"):
        model = reading.load()
        probe.require_model(model_digest(model))
        read = read_texts(
            model, encode(model, plain, longest=reading.longest), positions=[probe.position],
            sites=[probe.site], budget=reading.budget, folder=reading.cache,
        )  # fmt: skip
    scores = probe.scores(read.values[probe.site][:, 0]).tolist()
    keep(record(probe, scores))
    flagged = [number for number, score in enumerate(scores) if score > probe.limit]
    console.print(
        f"{len(flagged)} of {len(scores)} texts score above the limit {probe.limit:.3g}, which at "
        f"most {100 * probe.false_alarms:g}% of {probe.n_reference} {probe.reference} exceeded. "
        f"High is {probe.classes[1]}.",
        highlight=False,
    )
    for number in sorted(range(len(scores)), key=lambda n: -scores[n])[:MOST_LINES]:
        mark = "flag" if number in flagged else "    "
        beginning = on_one_line(_said(plain.texts[number]))[:BEGINNING]
        console.print(
            f"{mark} {scores[number]:8.3f}  {number + 1:5d}  {beginning}", highlight=False
        )
    if len(scores) > MOST_LINES:
        console.print(f"{len(scores) - MOST_LINES} texts with lower scores are in --json FILE")


def record(probe: SavedProbe, scores: list[float]) -> dict[str, object]:
    """Every score, for JSON."""
    return {
        "schema": "mesascope.probe_watch/1",
        "site": probe.site,
        "position": probe.position,
        "limit": probe.limit,
        "classes": list(probe.classes),
        "scores": scores,
        "flagged": [score > probe.limit for score in scores],
    }


def _said(text: Text) -> str:
    return text if isinstance(text, str) else " ".join(one.content for one in text)
