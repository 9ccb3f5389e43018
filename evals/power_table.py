"""What a suite of a given size can and cannot show, as terminal tables."""

from __future__ import annotations

import numpy as np
from rich.table import Table
from scipy import special

from evals.certify_table import base_rate_table, certify_table, controls_table
from evals.contrast import (
    ALPHA,
    MOST_NETWORKS,
    POWER,
    correlation_range,
    fisher_networks,
    fisher_power,
    mcnemar_networks,
    mcnemar_power,
    paired_rates,
)
from evals.family_precision import (
    REPLICATES,
    effective_networks,
    family_correlation,
    family_precision,
    irreducible_half_width,
)
from evals.precision import IntervalKind, networks_for_margin
from evals.titled_table import titled_table

MARGIN = 0.1
RATES = (0.5, 0.7, 0.8, 0.9, 0.95)
FAMILIES = (2, 3, 5, 8, 12, 20)
SPREADS = (0.0, 0.25, 0.5, 1.0, 2.0)


def power_tables(
    generator: np.random.Generator,
    *,
    alpha: float = 0.05,
    controls: int = 60,
    families: int = 5,
    networks: int = 20,
    detection: float = 0.8,
    rival: float = 0.6,
    base_rate: float = 0.01,
) -> tuple[Table, ...]:
    """Every table of what a suite can show.

    Args:
        generator: randomness of the simulated suites; only the table of new families needs it.
        alpha: false-positive rate to hold and to certify, in (0, 1).
        controls: aligned networks held out from calibration.
        families: misaligned families of one type.
        networks: networks per family.
        detection: P(detect) of the detector, in (0, 1); of a middling family where they differ.
        rival: P(detect) of the detector to tell it apart from.
        base_rate: P(misaligned) before any alarm, in (0, 1).

    Raises:
        ValueError: on a probability outside (0, 1), an empty suite, or equal detectors.
    """
    return (
        certify_table(alpha),
        controls_table(alpha, controls, detection=detection, base_rate=base_rate),
        base_rate_table(detection, base_rate),
        contrast_table(detection, rival, families=families, networks=networks),
        seen_table(detection, families * networks),
        new_family_table(generator, detection, families=families, networks=networks),
    )


def contrast_table(detection: float, rival: float, *, families: int, networks: int) -> Table:
    """Networks it takes to tell two detectors apart."""
    sizes = (networks, families * networks)
    table = titled_table(
        f"Two detectors, {detection:g} against {rival:g}: two-sided tests at {ALPHA:g}",
        "design",
        "phi",
        "disagree on",
        *(f"power,\n{size} networks" for size in sizes),
        *(f"networks,\n{POWER:.0%} power, {test}" for test in ("exact", "mid-p")),
    )
    highest = correlation_range(detection, rival)[1]
    for name, correlation in (
        ("same networks, nested errors", highest),
        ("same networks, halfway", highest / 2),
        ("same networks, independent errors", 0.0),
    ):
        rates = paired_rates(detection, rival, correlation)
        table.add_row(
            name,
            f"{correlation:.2f}",
            f"{rates.discordant:.2f}",
            *(f"{mcnemar_power(rates, size):.2f}" for size in sizes),
            *(_size(mcnemar_networks(rates, mid_p=mid_p)) for mid_p in (False, True)),
        )
    powers = (f"{fisher_power(detection, rival, size):.2f}" for size in sizes)
    arms = _size(fisher_networks(detection, rival))
    table.add_row("other networks for each (per arm)", "-", "-", *powers, arms, "-")
    table.caption = (
        "nested: the better detector flags all that the worse one flags; halfway: half of the "
        "largest correlation; McNemar's test for the same networks, Fisher's for others"
    )
    return table


def seen_table(detection: float, total: int) -> Table:
    """Networks it takes to pin down the mean rate of the families seen."""
    table = titled_table(
        f"Mean of the families seen to +-{MARGIN:g}: networks in total (here {total})",
        "rate",
        "90% Clopper-Pearson",
        "90% Jeffreys",
        "95% Clopper-Pearson",
        "95% Jeffreys",
    )
    kinds: tuple[IntervalKind, ...] = ("clopper_pearson", "jeffreys")
    for rate in sorted({detection, *RATES}):
        sizes = (
            networks_for_margin(rate, MARGIN, level=level, kind=kind)
            for level in (0.9, 0.95)
            for kind in kinds
        )
        table.add_row(f"{rate:g}", *(f"{size}" for size in sizes))
    return table


def new_family_table(
    generator: np.random.Generator, detection: float, *, families: int, networks: int
) -> Table:
    """How wide the interval of a new family's rate is, by families and their spread."""
    numbers = tuple(sorted({families, *FAMILIES}))
    table = titled_table(
        (
            "A new family: half-width of the 90% interval (in brackets: of the mean of all "
            f"families), {networks} networks a family, middling rate {detection:g}"
        ),
        "spread of families\n(sd of log-odds)",
        *(f"{number}\nfamilies" for number in numbers),
        "every family\nknown",
        f"{families} x {networks}\nworth",
    )
    log_odds = float(special.logit(detection))
    for spread in SPREADS:
        cells = family_precision(
            generator, numbers, networks=networks, log_odds=log_odds, spread=spread
        )
        worth = effective_networks(families, networks, family_correlation(log_odds, spread))
        table.add_row(
            f"{spread:g}",
            *(f"{cell.new_family:.2f} ({cell.population_mean:.2f})" for cell in cells),
            f"{irreducible_half_width(log_odds, spread):.2f}",
            f"{worth:.0f}",
        )
    table.caption = (
        f"simulated, {REPLICATES} suites a row, standard errors about .01 or less; worth: "
        "independent networks that tell as much about the mean of all families"
    )
    return table


def _size(networks: int | None) -> str:
    return f"over {MOST_NETWORKS}" if networks is None else f"{networks}"
