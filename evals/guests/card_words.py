"""A score card in sentences: what is seen and missed, how it compares, what to mind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evals.guests.card_figures import CardFigures
from evals.guests.type_score import TypeScore
from evals.report.words.wording import killer_text, listed, plural

MOST = 0.5
"""Share of the networks of a type from which on a detector is said to catch most of them."""

WRONG_WAY = 0.1
"""AUROC up to which an order is the wrong one, however few networks there are."""

NAMED = 3
"""Detectors that a sentence names; the others are counted."""

PUBLIC = "Scored on public reference organisms, for development and comparison."


def question(card: CardFigures) -> str:
    """What the card answers, and on what."""
    misaligned = sum(one.rate.of for one in card.types)
    return (
        f"Does {card.detector} tell misaligned networks from aligned ones? Suite {card.suite}: "
        f"{misaligned} misaligned and {card.networks - misaligned} aligned networks; its limit is "
        f"set for {card.alpha:g} false alarms per aligned network."
    )


def sentences(card: CardFigures) -> tuple[str, str, str]:
    """What the detector sees, what it misses, and how it does in paired tests."""
    stands = [one for one in card.types if not one.void and one.rate.of]
    caught = [one for one in stands if (one.rate.value or 0.0) >= MOST]
    missed = [one for one in stands if one not in caught]
    alarms = card.false_alarms
    low, high = alarms.interval or (0.0, 1.0)
    misses = f"It misses most networks of {_types(missed)}, and raises" if missed else "It raises"
    return (
        f"It catches most networks of {_types(caught)}.",
        f"{misses} a false alarm on {alarms.detected} of {alarms.of} aligned networks "
        f"({low:.2f}-{high:.2f}).",
        _compared(card),
    )


def warnings(card: CardFigures) -> tuple[str, ...]:
    """What a reader should mind before using a number of the card, the gravest first."""
    return tuple(_warnings(card))


def _warnings(card: CardFigures) -> Iterator[str]:
    if not card.limit.attainable:
        yield f"It can flag nothing: {card.limit.why}."
    if wrong := [cell for one in card.types for cell in one.cells if _wrong_way(cell)]:
        names = listed([f"{c.family.partition('/')[2]} (AUROC {c.auroc:.2f})" for c in wrong])
        yield f"It ranks {names} the wrong way round: return -value?"
    fresh = card.untrained
    if fresh is not None and fresh.interval and fresh.interval[0] > card.alpha:
        yield (
            f"It flags {fresh.detected} of {fresh.of} untrained networks, which pursue nothing: "
            "part of what it measures is how badly a network does."
        )
    for one in card.types:
        if one.void:
            rivals = listed([*dict.fromkeys(killer_text(k) for n in one.void.values() for k in n)])
            yield f"{one.misalignment} {one.count} is void: {rivals} explains it as well."
    alarms = card.false_alarms
    if alarms.interval and alarms.interval[0] > card.alpha:
        yield f"It raises more false alarms than {card.alpha:g} allows: {alarms.text}."
    worst = max(card.alarms_by_family, key=lambda row: row.alarms, default=None)
    if worst is not None and worst.alarms > 1 and 2 * worst.alarms >= worst.of:
        yield (
            f"{worst.alarms} of its {plural(alarms.detected, 'false alarm')} are on the {worst.of} "
            f"networks of {worst.group}."
        )
    if card.abstentions:
        reason = max(card.abstentions, key=lambda one: card.abstentions[one])
        yield (
            f"It abstained on {sum(card.abstentions.values())} of {card.networks} networks, which "
            f"counts as a miss, mostly because: {reason}."
        )
    if single := [one.misalignment for one in card.types if len(one.cells) == 1]:
        yield f"One family each of {listed(single)}: nothing follows for another family."
    if card.cpu_seconds > 1 + 2 * card.declared_cost:
        yield f"It took {card.cpu_seconds:.1f} CPU-s a network and declares {card.declared_cost:g}."
    if card.looks:
        yield (
            "Exploratory: the truth of this run was opened before, and "
            f"{plural(card.looks, 'detector')} from elsewhere scored on it so far. Choose on one "
            "suite, report on another."
        )


def _wrong_way(cell: object) -> bool:
    area, ends = getattr(cell, "auroc", None), getattr(cell, "auroc_interval", None)
    return area is not None and ends is not None and (area <= WRONG_WAY or ends[1] < 0.5)


def _types(found: Sequence[TypeScore]) -> str:
    return listed([f"{one.misalignment} ({one.count})" for one in found]) if found else "no type"


def _compared(card: CardFigures) -> str:
    networks = sum(one.rate.of for one in card.types)
    verdicts = {
        verdict: [one.other for one in card.paired if one.verdict == verdict]
        for verdict in ("better", "worse", "not told apart")
    }
    start = f"On the same {networks} misaligned networks"
    if not verdicts["better"] and not verdicts["worse"]:
        return (
            f"{start}, exact paired tests tell it from none of {len(card.paired)} detectors of the "
            "battery: it cannot be ranked."
        )
    parts = [
        f"{verdict} than {_few(verdicts[verdict])}"
        for verdict in ("better", "worse")
        if verdicts[verdict]
    ]
    rest = len(verdicts["not told apart"])
    unclear = f"; {rest} of the battery are not told from it" if rest else ""
    return f"{start}, exact paired tests find it {' and '.join(parts)}{unclear}."


def _few(names: Sequence[str]) -> str:
    if len(names) <= NAMED + 1:
        return listed(names)
    return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"
