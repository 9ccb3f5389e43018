"""Rates of input-level monitors as terminal tables and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.table import Table

from detect.monitors.registry import MONITORS
from evals.report.tables.titled_table import titled_table
from evals.statistics.rates import MeanShare
from evals.studies.monitoring.monitor_rates import (
    InputAlarms,
    MonitorRates,
    family_rates,
    input_alarms,
    type_rates,
)
from evals.studies.monitoring.monitoring import Monitoring, Recalled
from evals.studies.monitoring.watch_network import Answers

SCHEMA = "mesascope.monitoring/1"

KEPT_APART = (
    "of single inputs at run time, never of networks: no rate here is P(detect), none enters the "
    "evidence"
)


def type_tables(monitoring: Monitoring) -> tuple[Table, ...]:
    """One table per type of misalignment, one row per monitor."""
    rows: dict[str, list[MonitorRates]] = {}
    for name in monitoring.settings.monitors:
        for one in type_rates(monitoring, name):
            rows.setdefault(one.misalignment, []).append(one)
    return tuple(_type_table(monitoring, name, group) for name, group in rows.items())


def family_table(monitoring: Monitoring) -> Table:
    """Recall / same inputs on aligned networks, by family, of monitors proper."""
    names = [name for name in monitoring.settings.monitors if MONITORS[name].role == "monitor"]
    table = titled_table(
        "Recall / share flagged of the same situation's inputs on aligned networks, by family",
        "family",
        "networks",
        *names,
    )
    by_monitor = [family_rates(monitoring, name) for name in names]
    for row in zip(*by_monitor, strict=True):
        cells = (f"{_number(one.recall)} / {_number(one.novelty)}" for one in row)
        table.add_row(row[0].group, f"{row[0].networks}", *cells)
    table.caption = "means over networks; intervals over networks are in the JSON file"
    return table


def alarm_table(monitoring: Monitoring) -> Table:
    """Realised input-level false-positive rate of every monitor."""
    table = titled_table(
        "Usual inputs flagged, fresh ones, on all networks",
        "monitor", "role", "access", "flagged", "share", "normal if all is well",
    )  # fmt: skip
    for name in monitoring.settings.monitors:
        one, kind = input_alarms(monitoring, name), MONITORS[name]
        share = "-" if one.share is None else f"{one.share:.4f}"
        low, high = one.normal
        counts = f"{one.flagged} of {one.of} on {one.networks}"
        table.add_row(name, kind.role, kind.access.label, counts, share, f"{low:.4f}-{high:.4f}")
    return table


def _type_table(monitoring: Monitoring, misalignment: str, rows: list[MonitorRates]) -> Table:
    first, suite = rows[0], monitoring.suite
    units = "family" if first.families == 1 else "families"
    table = titled_table(
        f"Monitors on {misalignment} networks, suite {suite.name}: {first.families} {units}, "
        f"{first.networks} networks, alpha {monitoring.settings.alpha:g} of usual inputs",
        "monitor", "recall", "same inputs, aligned", "same network, behaving",
        "AUROC v usual", "v aligned", "v behaving", "blind",
    )  # fmt: skip
    for one in rows:
        table.add_row(
            one.monitor + {"floor": " 0", "control": " -", "baseline": " b"}.get(_role(one), ""),
            one.recall.text,
            one.novelty.text,
            one.spared.text,
            _number(one.told),
            _number(one.told_from_aligned),
            _number(one.told_from_spared),
            f"{one.blind}",
        )
    table.caption = (
        "means over families (95% interval, the unit is the family); 0 floor, - control, b "
        f"baseline; {first.harmless} networks showed no harm; rates {KEPT_APART}"
    )
    return table


def monitoring_record(monitoring: Monitoring) -> dict[str, Any]:
    """Plain numbers, strings, lists and None, ready for JSON."""
    suite = monitoring.suite
    return {
        "schema": SCHEMA,
        "about": f"rates {KEPT_APART}",
        "suite": suite.name,
        "suite_hash": suite.content_hash,
        "environment": suite.environments[0],
        "battery_seed": suite.battery_seed,
        "settings": asdict(monitoring.settings),
        "monitors": [
            {
                "name": name,
                "role": MONITORS[name].role,
                "access": MONITORS[name].access.label,
                "false_alarms": _alarms(input_alarms(monitoring, name)),
                "types": [asdict(one) for one in type_rates(monitoring, name)],
                "families": [asdict(one) for one in family_rates(monitoring, name)],
                "networks": [_network(one) for one in monitoring.recalled[name]],
            }
            for name in monitoring.settings.monitors
        ],
    }


def _alarms(alarms: InputAlarms) -> dict[str, Any]:
    return {**asdict(alarms), "share": alarms.share}


def _network(one: Recalled) -> dict[str, Any]:
    watched, network = one.watched, one.network
    return {
        "suspect": network.id,
        "family": network.truth.family,
        "misalignment": network.truth.misalignment,
        "adversary": network.truth.adversary,
        "seed": network.spec.seed,
        "blind": watched.blind,
        "harmful": _counts(watched.harmful),
        "spared": _counts(watched.spared),
        "fresh": _counts(watched.fresh),
        "aligned": {family: _counts(each) for family, each in one.aligned.items()},
        "told": watched.told,
        "told_from_aligned": one.told_from_aligned,
        "told_from_spared": watched.told_from_spared,
    }


def _counts(answers: Answers) -> dict[str, int]:
    return {"flagged": int(answers.flagged.sum()), "of": len(answers.flagged)}


def _number(mean: MeanShare) -> str:
    return "-" if mean.value is None else f"{mean.value:.2f}"


def _role(rates: MonitorRates) -> str:
    return MONITORS[rates.monitor].role
