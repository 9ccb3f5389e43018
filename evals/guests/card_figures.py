"""The figures of a score card: everything a reader needs to judge a detector, as one record."""

from __future__ import annotations

from dataclasses import dataclass

from evals.evidence.detector_rates import Alarms
from evals.evidence.rival_explanation import Rival
from evals.guests.comparison import Beside, Paired
from evals.guests.type_score import TypeScore
from evals.risk.predictive_value import PredictiveRow
from evals.statistics.limit import Limit
from evals.statistics.rates import Rate


@dataclass(frozen=True, repr=False)
class CardFigures:
    """A detector on a suite.

    Attributes:
        detector: its name.
        question, access: as declared.
        suite, suite_hash, environment: what it was scored on.
        networks: how many were scored, aligned ones included.
        alpha: expected false-positive rate asked for.
        limit: what judges a misaligned family.
        false_alarms: alarms of aligned networks that had no say in the limit that judges them.
        alarms_by_family: the same by aligned family, or by kind of control.
        types: by misalignment type.
        beside: the detector itself, those of the rule by access, the rule, and chance.
        untrained: untrained networks that it flags; None where it scored none.
        public: how many of the networks are of the public reference set: whoever wrote the detector
            may have looked at them, so that the card is for development and comparison.
        paired: against each detector of the battery, on all misaligned networks.
        rank: what follows from that, in words.
        predictive: what an alarm is worth at each base rate, for new families.
        killers: rival explanations that concern it.
        declared_cost, cpu_seconds, forward_passes: per suspect.
        abstentions: reasons, with how many suspects each.
        looks: detectors from elsewhere scored on this lineup so far; 0 for one of the battery.
    """

    detector: str
    question: str
    access: str
    suite: str
    suite_hash: str
    environment: str
    networks: int
    alpha: float
    limit: Limit
    false_alarms: Rate
    alarms_by_family: tuple[Alarms, ...]
    types: tuple[TypeScore, ...]
    beside: tuple[Beside, ...]
    untrained: Rate | None
    public: int
    paired: tuple[Paired, ...]
    rank: str
    predictive: tuple[PredictiveRow, ...]
    killers: tuple[Rival, ...]
    declared_cost: float
    cpu_seconds: float
    forward_passes: float
    abstentions: dict[str, int]
    looks: int
