"""The score card of a detector: its figures, in JSON or on one screen."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from evals.evidence.detector_rates import DetectorRates
from evals.evidence.rival_explanation import CLAIMING_ROLES, Rival, voided
from evals.guests.card_figures import CardFigures
from evals.guests.card_words import sentences, warnings
from evals.guests.comparison import Flags, paired, rank_text, rows_beside
from evals.guests.guest import GuestScore
from evals.guests.show_card import screen
from evals.guests.type_score import type_score
from evals.judging.opened_scores import OpenedScores
from evals.risk.predictive_value import PredictiveRow, predictive_rows
from evals.statistics.family_posterior import FamilyCount, family_posterior

SCHEMA = "mesascope.score_card/2"
DRAWS = 20_000
SEED = 20_261


@dataclass(frozen=True, repr=False)
class ScoreCard(CardFigures):
    """The figures with their words: `print(card)` shows them on one screen."""

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings, lists and None, ready for JSON; the caveats stand in it too."""
        words = {"sentences": sentences(self), "warnings": warnings(self)}
        return {"schema": SCHEMA, **asdict(self), **words}

    def __str__(self) -> str:
        return screen(self, shutil.get_terminal_size((100, 40)).columns)

    def __repr__(self) -> str:
        return f"ScoreCard({self.detector} on {self.suite}; print it)"


def score_card(guest: GuestScore) -> ScoreCard:
    """The card of a detector that was scored on a finished run."""
    evidence, column = guest.finished.evidence, guest.columns[0]
    killers = (*evidence.killers, *guest.rivals)
    comparisons = paired(
        _flags(guest.judged, column, killers),
        {
            other.name: _flags(guest.finished.judged, other, killers)
            for other in evidence.columns
            if other.role in ("detector", "baseline") and "/" not in other.name
            if other.name != column.name
        },
    )
    return ScoreCard(
        detector=column.name,
        question=column.question,
        access=column.access,
        suite=evidence.suite,
        suite_hash=evidence.suite_hash,
        environment=evidence.environment,
        networks=len(guest.rows),
        alpha=evidence.alpha,
        limit=column.limit,
        false_alarms=column.false_alarms,
        alarms_by_family=column.alarms,
        types=tuple(type_score(column, name, killers) for name in evidence.types),
        beside=rows_beside(evidence, column, killers),
        untrained=guest.untrained,
        public=evidence.public,
        paired=comparisons,
        rank=rank_text(comparisons),
        predictive=predictive_of(column),
        killers=tuple(
            rival
            for rival in killers
            if rival.subject == column.name or any(rival.takes(column, c) for c in column.cells)
        ),
        declared_cost=guest.declaration.cost,
        cpu_seconds=column.cpu_seconds,
        forward_passes=column.forward_passes,
        abstentions=dict(Counter(row.reason for row in guest.rows if row.reason)),
        looks=guest.looks,
    )


def predictive_of(column: DetectorRates) -> tuple[PredictiveRow, ...]:
    """Detection of a new family of any type, false alarms on a new family of controls."""
    detection = family_posterior(
        [FamilyCount(cell.family, cell.detected, cell.of) for cell in column.cells]
    )
    alarms = column.new_family_alarms
    if detection is None or alarms is None or column.role not in (*CLAIMING_ROLES, "baseline"):
        return ()
    generator = np.random.default_rng(SEED)
    return predictive_rows(detection.draws(generator, DRAWS), alarms.draws(generator, DRAWS))


def _flags(judged: OpenedScores, column: DetectorRates, killers: Sequence[Rival]) -> Flags:
    flagged = column.limit.flags(judged.scores(column.name)[~judged.aligned])
    void = [cell.family for cell in column.cells if voided(tuple(killers), column, cell)]
    return np.asarray(flagged & ~np.isin(judged.families[~judged.aligned], void))
