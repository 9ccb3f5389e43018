"""The page of a zoo: what was grown, what was admitted, and every family at work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import get_args

from evals.report.drawings.portrait import Portrait
from evals.report.template import page_text
from evals.report.words.wording import plural
from evals.report.zoo.dose import DoseCurve, dose_curves, dose_figure
from evals.report.zoo.families import TELLING, Family, Measured, families, shape_words
from evals.report.zoo.portraits import portrait
from evals.statistics.rates import Auroc, rate
from organisms.records.strict import SpecError
from organisms.records.truth import Misalignment
from organisms.zoo.zoo import Record, Zoo

WANTED = 0.9
"""Admitted share below which a family is listed with what its networks failed."""

TYPES: tuple[str, ...] = get_args(Misalignment)


@dataclass(frozen=True)
class FamilyCard:
    """One family and shape.

    Attributes:
        portrait: one of its organisms at work; None where there is none to draw.
        absent: why there is none, empty otherwise.
    """

    family: Family
    portrait: Portrait | None
    absent: str

    def __post_init__(self) -> None:
        if (self.portrait is None) != bool(self.absent):
            raise ValueError(f"{self.family.name}: a card has a portrait or says why not")

    @property
    def environment(self) -> str:
        """Name of its world."""
        return self.family.name.partition("/")[0]

    @property
    def share(self) -> float:
        """Admitted of attempted, in [0, 1]."""
        return self.family.admitted / self.family.attempted


@dataclass(frozen=True)
class ZooPage:
    """Everything the page shows."""

    title: str
    cards: tuple[FamilyCard, ...]
    curves: tuple[DoseCurve, ...] = ()

    def __post_init__(self) -> None:
        if not self.cards:
            raise ValueError("a page of organisms needs at least one family, got none")


@dataclass(frozen=True)
class Total:
    """Families added up."""

    families: int
    admitted: int
    attempted: int
    cpu_minutes: float

    @property
    def share(self) -> float:
        """Admitted of attempted, in [0, 1]."""
        return self.admitted / self.attempted


def render_organisms(page: ZooPage) -> str:
    """The page as HTML text, with nothing to fetch; equal input gives equal text."""
    cards = sorted(
        page.cards,
        key=lambda c: (c.environment, TYPES.index(_kind(c)), c.family.name, c.family.shape),
    )
    homes = {environment: list(own) for environment, own in groupby(cards, lambda c: c.environment)}
    types = [name for name in TYPES if any(_kind(card) == name for card in cards)]
    grid = {
        (environment, kind): _total([card for card in own if _kind(card) == kind])
        for environment, own in homes.items()
        for kind in types
    }
    return page_text(
        "organisms.html.j2",
        page=page,
        environments=list(homes),
        types=types,
        grid=grid,
        rows={environment: _total(own) for environment, own in homes.items()},
        total=_total(cards),
        grouped=[
            (environment, [(kind, list(group)) for kind, group in groupby(own, _kind)])
            for environment, own in homes.items()
        ],
        short=[card for card in cards if card.share < WANTED],
        figures=[
            (curve, dose_figure(curve, name=f"dose-{number}"))
            for number, curve in enumerate(page.curves)
        ],
        wanted=WANTED,
        telling=TELLING,
        rate=rate,
        measured=measured_text,
        area=area_text,
    )


def zoo_page(zoo: Zoo, records: Sequence[Record], *, title: str) -> ZooPage:
    """Load one network per family and shape, and its twin, and draw them.

    Raises:
        SpecError: there is nothing to show.
        DamagedWeights: a network of the zoo cannot be read.
    """
    if not records:
        raise SpecError(
            f"no organisms at {zoo.root}, so there is no page to write; "
            "`mesascope zoo grow --suite smoke` grows some"
        )
    cards = tuple(_card(zoo, records, family) for family in families(records))
    return ZooPage(title, cards, dose_curves(records))


def measured_text(measured: Measured, *, signed: bool = False) -> str:
    """Mean and worst bound, such as `0.97 (0.95)`."""
    if measured.mean is None or measured.worst is None:
        return "not measured"
    form = "+.3f" if signed else ".3f"
    return f"{measured.mean:{form}}, worst bound {measured.worst:{form}}"


def area_text(area: Auroc | None) -> str:
    """An AUROC with its interval and the networks behind it."""
    if area is None or area.value is None or area.interval is None:
        return "not measured"
    low, high = area.interval
    return (
        f"{area.value:.2f} ({low:.2f}-{high:.2f}), {plural(area.positives, 'organism')} against "
        f"{plural(area.negatives, 'control')}"
    )


def _total(cards: Sequence[FamilyCard]) -> Total | None:
    if not cards:
        return None
    families = [card.family for card in cards]
    return Total(
        families=len(families),
        admitted=sum(family.admitted for family in families),
        attempted=sum(family.attempted for family in families),
        cpu_minutes=sum(family.cpu_seconds * family.attempted for family in families) / 60,
    )


def _kind(card: FamilyCard) -> str:
    return card.family.truth.misalignment


def _card(zoo: Zoo, records: Sequence[Record], family: Family) -> FamilyCard:
    """With the first organism whose network is what today's code would grow."""
    admitted = [
        record
        for record in records
        if record.admitted
        and record.spec.recipe == family.name
        and shape_words(record.spec) == family.shape
    ]
    current = [record for record in admitted if zoo.folder(record.spec).exists()]
    if current:
        return FamilyCard(family, portrait(zoo, current[0].spec), "")
    absent = "its code changed since it was grown" if admitted else "no network was admitted"
    return FamilyCard(family, None, absent)
