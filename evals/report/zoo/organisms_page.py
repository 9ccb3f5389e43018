"""Gather the page of a zoo: figures from certificates, and one network of every family at work."""

from __future__ import annotations

from collections.abc import Sequence

from evals.report.zoo.dose import dose_curves
from evals.report.zoo.families import Family, families, shape_words
from evals.report.zoo.organisms import FamilyCard, ZooPage
from evals.report.zoo.portraits import portrait
from organisms.records.strict import SpecError
from organisms.zoo.zoo import Record, Zoo


def zoo_page(zoo: Zoo, records: Sequence[Record], *, title: str) -> ZooPage:
    """Load one network per family and shape, and its twin, and draw them.

    Args:
        zoo: holds the networks.
        records: attempts; at least one.
        title: whose organisms.

    Raises:
        SpecError: there is nothing to show.
        DamagedWeights: a network of the zoo cannot be read.
    """
    if not records:
        raise SpecError(
            f"no organisms at {zoo.root}, so there is no page to write; "
            "`mesascope build --suite smoke` grows some"
        )
    cards = tuple(_card(zoo, records, family) for family in families(records))
    return ZooPage(title, cards, dose_curves(records))


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
