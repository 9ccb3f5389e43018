"""What was found out about two classes of texts: what screen, map and JSON are made of."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from evals.statistics.grouped import Grouped
from evals.studies.probing.scan import Cell
from probes.arguments import require_fields
from probes.linear.closed_form import Method
from probes.linear.sweep import Fit

SCHEMA = "mesascope.probe_texts/1"
SIGNIFICANT = 0.05
BAG, FRESH = "a bag of tokens", "untrained weights"

TWINS_DIFFER = 0.05
"""By this much of AUROC a probe has to exceed untrained weights, at the lower end of the interval:
a model of fresh weights exceeded the twin of another seed by .02 (.01 to .04)."""


@dataclass(frozen=True)
class TextQuestion:
    """How two classes of texts are probed for.

    Attributes:
        method: of the probe.
        alpha: penalty of ridge and LDA in units of squared standardised activations summed over
            texts, and 1 / C of logistic probes; 10 is the strength that Goldowsky-Dill et al.
            (2025) use.
        folds: of groups.
        shuffles: of the labels, for the p-values.
        directions: random ones in every cell.
        tasks: control tasks, whose AUROC is averaged.
        false_alarms: rate that a threshold may reach on ordinary texts, in (0, 1).
        seed: draws folds, shuffles, tasks and fresh weights.
    """

    method: Method = Method.logistic
    alpha: float = 10.0
    folds: int = 5
    shuffles: int = 99
    directions: int = 50
    tasks: int = 10
    false_alarms: float = 0.01
    seed: int = 0

    def __post_init__(self) -> None:
        require_fields(
            self,
            alpha=(1e-9, None),
            folds=(3, 10**4),
            shuffles=(1, 10**6),
            directions=(1, 10**6),
            tasks=(0, 10**4),
            false_alarms=(1e-6, 0.5),
            seed=(0, 2**31),
        )

    @property
    def fit(self) -> Fit:
        """The same for `probes.linear`."""
        return Fit(method=self.method, alpha=self.alpha, inverse_penalty=1 / self.alpha)


@dataclass(frozen=True)
class CellReading:
    """What one cell tells by itself; the best of many cells looks better than it is.

    Attributes:
        untrained: AUROC of the same probe with fresh weights.
        control_task: mean AUROC of random labels of the texts' last tokens (Hewitt and Liang).
        random_direction: 95% quantile of AUROC along random directions.
        shuffled: mean AUROC of shuffled labels.
        p_value: chance that shuffled labels give any cell of the scan so high an AUROC.
    """

    cell: Cell
    auroc: Grouped
    untrained: float | None
    control_task: float | None
    random_direction: float
    shuffled: float
    p_value: float


@dataclass(frozen=True)
class Recall:
    """Positives caught where few ordinary texts give an alarm.

    Attributes:
        caught: share of the positives that the probe had not seen.
        false_alarms: on ordinary texts.
        target: rate for which the threshold was set.
        ordinary: what the ordinary texts are, in words.
    """

    caught: Grouped
    false_alarms: Grouped
    target: float
    ordinary: str


@dataclass(frozen=True)
class TextReading:
    """A finished scan of a model for two classes of texts.

    Attributes:
        model, data: names of the folder and the file.
        classes: name of the negative class and of the positive one.
        probe: kind of probe.
        auroc: of texts never seen, in the cell chosen without them.
        chosen: cells, and for how many folds each was chosen.
        p_value: of the best cell, for the whole scan.
        bag: AUROC of a bag of the input's tokens.
        untrained: AUROC with fresh weights, its cell chosen in the same way.
        over_bag, over_untrained: by how much the probe exceeds them, on the same texts.
        cut: texts that were longer than the model was let read, and were cut.
        missing: control -> why it was not made.
    """

    model: str
    data: str
    classes: tuple[str, str]
    probe: str
    question: TextQuestion
    auroc: Grouped
    chosen: tuple[tuple[Cell, int], ...]
    best: Cell
    p_value: float
    bag: Grouped | None
    untrained: Grouped | None
    over_bag: Grouped | None
    over_untrained: Grouped | None
    recall: Recall
    cells: tuple[CellReading, ...]
    cut: int
    missing: dict[str, str]

    @property
    def told(self) -> bool:
        """Whether the probe tells the classes apart at all."""
        return self.auroc.low > 0.5 and self.p_value <= SIGNIFICANT

    @property
    def equals(self) -> dict[str, Grouped]:
        """Controls that tell as much, or nearly: by how much the probe exceeds them."""
        controls = ((BAG, self.over_bag, 0.0), (FRESH, self.over_untrained, TWINS_DIFFER))
        return {name: one for name, one, least in controls if one is not None and one.low <= least}

    @property
    def beyond(self) -> bool:
        """Whether it tells more than every control that was made."""
        return self.told and not self.equals

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        return {"schema": SCHEMA, "told": self.told, "beyond_controls": self.beyond, **asdict(self)}
