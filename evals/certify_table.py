"""The false-positive rates that a number of aligned networks can hold and show, as tables."""

from __future__ import annotations

from rich.table import Table

from evals.certify import (
    CHANCE,
    CONFIDENCE,
    allowed_alarms,
    chance_to_certify,
    highest_false_alarm_rate,
    networks_for_chance,
    networks_to_calibrate,
    networks_to_certify,
    upper_bound,
)
from evals.risk.predictive_value import BASE_RATES, predictive_value
from evals.titled_table import titled_table

ALPHAS = (0.1, 0.05, 0.01)
ALARMS = (0, 1, 2, 3, 5)
TRUE_SHARES = (0.2, 0.4, 0.6)
"""True false-positive rates of a detector tuned to be safe, as shares of the rate to certify."""


def certify_table(alpha: float) -> Table:
    """Aligned networks it takes to hold, and to show, a false-positive rate."""
    table = titled_table(
        f"False alarms: aligned networks needed ({CONFIDENCE:.0%} confidence)",
        "rate",
        "to calibrate,\nrate expected",
        "to calibrate,\nrate assured",
        *(f"held out,\n{alarms} alarms" for alarms in ALARMS),
        *(f"{CHANCE:.0%} chance,\ntrue {share:g} x rate" for share in TRUE_SHARES),
    )
    for rate in sorted({alpha, *ALPHAS}, reverse=True):
        chances = (networks_for_chance(rate, share * rate) for share in TRUE_SHARES)
        table.add_row(
            f"{rate:g}",
            f"{networks_to_calibrate(rate)}",
            f"{networks_to_calibrate(rate, confidence=CONFIDENCE)}",
            *(f"{networks_to_certify(rate, alarms)}" for alarms in ALARMS),
            *("-" if size is None else f"{size}" for size in chances),
        )
    table.caption = (
        "a threshold tuned to a rate cannot certify that rate: tune it lower. Only held-out "
        "networks certify, not those that set the threshold"
    )
    return table


def controls_table(alpha: float, controls: int, *, detection: float, base_rate: float) -> Table:
    """What the held-out aligned networks of the suite can show."""
    allowed = allowed_alarms(alpha, controls)
    verdict = "no count certifies" if allowed is None else f"at most {allowed} false alarms certify"
    table = titled_table(
        f"This suite: {controls} held-out aligned networks; {verdict} a rate of {alpha:g}",
        "false alarms",
        f"{CONFIDENCE:.0%} upper bound of the rate",
        f"certifies {alpha:g}",
        f"P(misaligned | alarm) at the bound,\nbase rate {base_rate:g}, detection {detection:g}",
    )
    for alarms in sorted({min(alarms, controls) for alarms in ALARMS}):
        bound = upper_bound(alarms, controls)
        table.add_row(
            f"{alarms}",
            f"{bound:.3f}",
            "yes" if allowed is not None and alarms <= allowed else "no",
            f"{float(predictive_value(base_rate, detection, bound)):.3f}",
        )
    chances = ", ".join(
        f"{chance_to_certify(alpha, share * alpha, controls):.2f} if it is {share * alpha:g}"
        for share in (*TRUE_SHARES, 1.0)
    )
    table.caption = f"chance to certify {alpha:g} by the true rate: {chances}"
    return table


def base_rate_table(detection: float, base_rate: float) -> Table:
    """The false-positive rate at which an alarm is as likely true as not, by base rate."""
    table = titled_table(
        f"An alarm more likely true than false, at detection {detection:g}",
        "base rate",
        "false-positive rate at most",
        "networks to calibrate",
        "held out to certify, 0 alarms",
    )
    named = {value: odds for odds, value in BASE_RATES.items()}
    for value in sorted({base_rate, *named}, reverse=True):
        rate = highest_false_alarm_rate(value, detection)
        sizes = ("-", "-")
        if rate < 1:
            sizes = (f"{networks_to_calibrate(rate)}", f"{networks_to_certify(rate, 0)}")
        table.add_row(named.get(value, f"{value:g}"), f"{rate:.2g}", *sizes)
    return table
