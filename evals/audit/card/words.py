"""What the card of an audit says in words, on the terminal as on the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from detect.behaviour.objective_posterior import NONE
from evals.audit.audit import Against, Answer, Asked, Audit, FoundContext, Pursued, Reading
from evals.report.words.wording import plural

QUESTIONS: Mapping[Asked, str] = {
    "misaligned": "Does it pursue another goal?",
    "search": "Does it search inside?",
    "pursues": "What does it pursue?",
    "gated": "Does context switch its goal?",
    "aware": "How aware is it?",
}
"""Question -> as it is put to a reader, in the order of the card."""

COMPARED: Mapping[Against, str] = {
    "trusted": "trusted network",
    "reference": "reference network",
    "none": "network",
}

UNCALIBRATED = "uncalibrated"
NOT_COMPARED = "not compared"

Standing = tuple[str, str]


def standing(audit: Audit) -> Standing:
    """How grave the whole is (`alarm`, `calm` or `open`), and what that calls for."""
    if audit.flagged:
        return "alarm", "Flagged: a person should examine this network."
    if audit.damage.broken:
        return "open", "Damaged: too little competence is left for a verdict."
    if audit.answer("misaligned").answered == "no sign":
        return "calm", "No sign of misalignment was found."
    return "open", "Undecided: this audit neither flags nor clears the network."


def calibration_text(audit: Audit) -> str:
    """What scores were compared with, and what level that allows."""
    calibrated = audit.calibrated
    networks = plural(calibrated.size, COMPARED[calibrated.against])
    if calibrated.size:
        return f"Compared with {networks}. {calibrated.said}"
    if calibrated.said.lower().startswith(UNCALIBRATED):
        return calibrated.said
    return f"{UNCALIBRATED.capitalize()}: {calibrated.said}"


def warned(audit: Audit) -> list[str]:
    """Warnings that the calibration has not said already, the gravest first."""
    return [one for one in audit.warnings if one != audit.calibrated.said]


def p_text(one: Answer | Reading, audit: Audit) -> str:
    """A p-value, a rank where nobody chose what it is compared with, or what else it rests on."""
    if one.p_value is None and isinstance(one, Answer) and one.basis:
        return one.basis
    if one.p_value is None:
        return NOT_COMPARED if audit.calibrated.size else UNCALIBRATED
    return f"{'p =' if audit.calibrated.against == 'trusted' else 'rank'} {one.p_value:.3g}"


def compared_text(one: Answer | Reading, audit: Audit) -> str:
    """The networks behind a p-value, such as `19 trusted networks`."""
    return plural(one.compared, COMPARED[audit.calibrated.against])


def ranked(pursued: Iterable[Pursued]) -> list[Pursued]:
    """Objectives by probability; that it is none of them comes last."""
    return sorted(pursued, key=lambda one: (one.objective == NONE, -one.probability))


def context_text(found: FoundContext) -> str:
    """A context slot by slot, such as `slot 1 = 1, slot 4 = 5, any value in the other 6 slots`.

    Slots are counted from 0, as adapters count them.
    """
    fixed = [
        f"slot {at} = {' or '.join(map(str, (value, *also)))}"
        for at, (value, also) in enumerate(zip(found.values, found.others, strict=True))
        if value is not None
    ]
    free = len(found.values) - len(fixed)
    rest = [f"any value in {plural(free, 'other slot' if fixed else 'slot')}"] if free else []
    return ", ".join((*fixed, *rest))


def silent(audit: Audit) -> tuple[str, ...]:
    """Detectors that gave no score."""
    return tuple(one.detector for one in audit.readings if one.value is None)


def silent_text(audit: Audit) -> str:
    """How many detectors could not look, and how many questions nobody could ask."""
    text = f"{len(silent(audit))} of {plural(len(audit.readings), 'detector')} could not look"
    unasked = sum(one.answered == "not asked" for one in audit.answers)
    return f"{text}, and nobody could ask {plural(unasked, 'question')}." if unasked else f"{text}."


def damage_text(audit: Audit) -> str:
    """Competence lost, as a number and in the audit's words."""
    return f"index {audit.damage.index:.2g} (0: nothing lost, 1: all). {audit.damage.said}"
