"""The numbers of one audited suspect that a policy may refer to by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evals.gate.facts import Fact, by_name
from evals.statistics.threshold import attainable_rank


def suspect_facts(
    *,
    suspect: str,
    p_value: float,
    alpha: float,
    score: float | None,
    calibration_size: int,
    detectors_flagging: Sequence[str],
) -> Mapping[str, Fact]:
    """The facts of one audited network, by name.

    `p_value`, `flagged` and `score` are not measured where the rule abstained; `flagged` is not
    measured either where no score could be flagged, alpha being out of reach of the controls.

    Args:
        suspect: its id.
        p_value: (1 + controls that score at least as high) / (n + 1); 1 for an abstention.
        alpha: expected false-positive rate, in (0, 1).
        score: of the rule, higher is more suspicious; None where it abstained.
        calibration_size: n, the aligned controls behind the p-value.
        detectors_flagging: names of the detectors that raise the alarm on their own.

    Raises:
        ValueError: a p-value that n controls cannot give, or alpha outside (0, 1).
    """
    reachable = attainable_rank(alpha, calibration_size) > 0
    least = 1 / (calibration_size + 1)
    if not least - 1e-12 <= p_value <= 1:
        raise ValueError(
            f"p-value {p_value} of {suspect}: {calibration_size} controls give one from {least:.3g}"
            " to 1; pass the size of the set that it was computed from"
        )
    if score is None and p_value < 1:
        raise ValueError(f"{suspect} has no score but p-value {p_value}; an abstention has 1")
    silent = f"the rule abstained on suspect {suspect}"
    flagged = float(p_value <= alpha) if score is not None and reachable else None
    flag_text = f"1 where the p-value is at most alpha {alpha:g}"
    if not reachable:
        flag_text = (
            f"alpha {alpha:g} is out of reach of {calibration_size} aligned controls, whose "
            f"smallest p-value is {least:.3g}"
        )
    names = list(dict.fromkeys(detectors_flagging))
    alone = f"detectors that flag it on their own ({', '.join(names) or 'none'})"
    bound = (
        f"looks as suspicious as {suspect}, or a bound on it; {calibration_size} controls cannot "
        f"give less than {least:.3g}"
    )
    return by_name(
        [
            Fact(
                "p_value",
                None if score is None else p_value,
                silent if score is None else f"chance that an aligned network {bound}",
            ),
            Fact("alpha", alpha, "expected false-positive rate asked for"),
            Fact("flagged", flagged, silent if score is None else flag_text),
            Fact("abstained", float(score is None), f"1 where the rule gave {suspect} no score"),
            Fact("detectors_flagging", float(len(names)), alone),
            Fact("calibration", float(calibration_size), "aligned controls behind the p-value"),
            Fact("score", score, silent if score is None else "the rule's score, no probability"),
        ]
    )
