"""The risk as terminal tables, and the screen that `mesascope risk` prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from rich.table import Table

from evals.report.tables.titled_table import titled_table
from evals.report.words.caveats import every_warning, warnings
from evals.report.words.change import moved_text, why_text
from evals.report.words.strategy import candidate_note, next_text
from evals.report.words.wording import close_risk_text, index_text, plain, plural, share_text
from evals.risk.merged import PUBLIC
from evals.risk.risk_report import RiskReport
from evals.risk.summary import Summary
from evals.risk.update import TypeUpdate

TOP = 6
"""Rows of a ranking that a terminal shows; the file and the page have all."""

MOST_WARNINGS = 5
"""Warnings of the screen; the rest is counted there and is in a table of its own."""


def risk_screen(report: RiskReport) -> Iterator[Table | str]:
    """What `mesascope risk` prints: the question, one table, three sentences and warnings."""
    yield "How does measured detection change the risk of a catastrophe?"
    label = f" This is an {PUBLIC}." if PUBLIC in report.labels else ""
    yield f"Measured: {', '.join(report.sources)}; limit at alpha {report.alpha:g}.{label}"
    yield change_table(report)
    yield from (moved_text(report), why_text(report), next_text(report), "")
    found = warnings(report)
    yield from (f"! {text}" for text in found[:MOST_WARNINGS])
    if len(found) > MOST_WARNINGS:
        yield f"! {plural(len(found) - MOST_WARNINGS, 'more warning')}: --table warnings"
    yield f"More: --json FILE, or --table {', '.join(RISK_TABLES)}"


def change_table(report: RiskReport) -> Table:
    """The risk by horizon: before handling, and after it as judged and as updated."""
    judged = "judged, as supposed" if report.supposed else "judged"
    table = titled_table(
        "P(catastrophe), mean (90% interval); residual: after detection and correction",
        "system", "nothing handled", f"residual, {judged}",
        f"residual, weight {report.weight:g}",
    )  # fmt: skip
    rows = [(plain(row.scenario), row) for row in report.rows]
    rows += [(f"{plain(row.scenario)}, nothing supposed", row) for row in report.unsupposed]
    for system in dict.fromkeys(name for name, _ in rows):
        at = {row.weight: row for name, row in rows if name == system}
        updated = at[report.weight]
        table.add_row(
            system,
            close_risk_text(updated.unmitigated),
            *(close_risk_text(row.residual) for row in (at[0.0], updated)),
        )
    return table


def risk_table(report: RiskReport) -> Table:
    """Risk before and after, by horizon and transport weight."""
    labels = "".join(f" ({label})" for label in report.labels)
    table = titled_table(
        f"Risk = P(catastrophe): mean (90% interval){labels}. Residual: after detection by "
        f"{report.rule} at alpha {report.alpha:g} and correction. "
        f"From {', '.join(report.sources)}",
        "system", "weight", "unmitigated", "residual", "residual share",
    )  # fmt: skip
    rows = [(plain(row.scenario), row) for row in report.rows]
    rows += [(f"{plain(row.scenario)}, nothing supposed", row) for row in report.unsupposed]
    for system, row in rows:
        table.add_row(
            system,
            f"{row.weight:g}",
            *(share_text(part, digits=4) for part in (row.unmitigated, row.residual)),
            share_text(row.fraction, digits=3),
        )
    table.caption = (
        f"Weight 0 is the judgement alone{', as supposed' if report.supposed else ''}; 1 puts what "
        "was measured in its place. If the published chances already include today's safeguards, "
        f"every residual is {report.as_it_is:.2f} times as large; by default they do not"
    )
    return table


def types_table(report: RiskReport) -> Table:
    """Judged beside measured detection, one column per type."""
    table = titled_table(
        "By type, mean (90% interval). The published success s is of detection d and correction c "
        "together; c is judged, given d or apart from it",
        "", *(kind.misalignment for kind in report.types),
    )  # fmt: skip
    share = f"share of residual, {plain(report.scenario)}, weight {report.weight:g}"
    for label, text in (
        ("detected", lambda one: f"{one.detected} of {one.of}" if one.of else "none"),
        ("families", lambda one: f"{one.families}"),
        ("measured d, new family", lambda one: _measured(one, one.measured_detection)),
        ("judged d", lambda one: share_text(one.judged_detection)),
        ("measured d x c, c given d", lambda one: _measured(one, one.measured_success)),
        ("measured d x c, c apart", lambda one: _measured(one, one.independent_success)),
        ("judged s", lambda one: share_text(one.judged_success)),
        *[("s as supposed", lambda one: _supposed(one))] * bool(report.supposed),
        (share, lambda one: "-" if one.share is None else f"{one.share:.2f}"),
    ):
        table.add_row(label, *map(text, report.types))
    return table


def readings_table(report: RiskReport) -> Table:
    """The share that remains under every reading of the same evidence."""
    table = titled_table(
        f"Readings of the same evidence, {plain(report.scenario)}: residual share of the risk",
        "reading", f"weight {report.weight:g}", "weight 1",
    )  # fmt: skip
    for number, (name, rows) in enumerate(report.readings.items()):
        by_weight = {row.weight: row.fraction for row in rows}
        table.add_row(
            name + (" (default)" if not number else ""),
            *(share_text(by_weight[weight], digits=3) for weight in (report.weight, 1.0)),
        )
    return table


def transport_table(report: RiskReport) -> Table:
    """The steps whose product is the transport weight, and what would void each."""
    transport = report.transport
    product = f"{transport.product:.3g}"
    stated = f", stated instead of {product}" if product != f"{transport.weight:.3g}" else ""
    table = titled_table(
        f"Transport weight {report.weight:.3g}{stated}: a product of judged steps",
        "step", "judged", "would be void by", "measured drops",
    )  # fmt: skip
    for step in transport.steps:
        table.add_row(step.title, f"{step.judged:g}", step.void, " ".join(step.drops) or "-")
    table.caption = " ".join(transport.drops)
    return table


def access_table(report: RiskReport) -> Table:
    """What each access level buys, in the report's scenario at its weight and at weight 1."""
    table = titled_table(
        f"What access buys, {plain(report.scenario)}: residual share of the risk",
        "rule", "access", "false alarms", f"at weight {report.weight:g}", "at weight 1",
        "CPU-s a suspect",
    )  # fmt: skip
    for one in report.access:
        by_weight = {row.weight: row for row in one.rows if row.scenario == report.scenario}
        table.add_row(
            one.rule,
            one.access or "not stated",
            f"{one.false_alarms.detected} of {one.false_alarms.of}",
            share_text(by_weight[report.weight].fraction, digits=3),
            share_text(by_weight[1.0].fraction, digits=3),
            _known(one.cpu_seconds, ".2f"),
        )
    return table


def matters_table(report: RiskReport) -> Table:
    """Shares of variance and value of information, by input."""
    table = titled_table(
        f"What matters, {plain(report.scenario)}, weight {report.weight:g}: Sobol first (total) "
        f"index, and value of knowing for 'deploy below {report.decision_level:.4f}'",
        "input", "residual risk", "residual share", "EVPPI", "share of EVPI",
    )  # fmt: skip
    of_share = {index.group: index for index in report.sobol.get("fraction", ())}
    everything = report.information["everything"]
    for index in report.sobol.get("residual", ())[:TOP]:
        other, value = of_share.get(index.group), report.information.get(index.group)
        table.add_row(
            plain(index.group),
            f"{index_text(index.first)} ({index_text(index.total)})",
            "-" if other is None else f"{index_text(other.first)} ({index_text(other.total)})",
            "-" if value is None else f"{value:.2g}",
            "-" if value is None or not everything else f"{value / everything:.2f}",
        )
    return table


def candidates_table(report: RiskReport) -> Table:
    """The next best measurements."""
    table = titled_table(
        f"Next best measurement for 'deploy below {report.decision_level:.4f}'",
        "measure", "access", "CPU-h", "value", "value per CPU-h",
        "90% width of a new family's rate", "note",
    )  # fmt: skip
    for one in report.candidates[:TOP]:
        what = "a new family" if one.family is None else f"more of {one.family}"
        table.add_row(
            f"{one.misalignment}: {one.networks} networks of {what}",
            one.access or "not stated",
            _known(one.cpu_hours, ".3f"),
            f"{one.value:.2g}",
            _known(one.value_per_cpu_hour, ".2g"),
            f"{one.width_now:.2f} -> {one.width_after:.2f}",
            candidate_note(one, report) or "-",
        )
    return table


def warnings_table(report: RiskReport) -> Table:
    """Everything that a reader must know beside the figures, in full."""
    table = titled_table("What to know beside the figures", "about", "warning")
    for about, text in every_warning(report):
        table.add_row(about, text)
    return table


def sources_table(report: RiskReport) -> Table:
    """Every judged figure, and where it comes from."""
    table = titled_table(
        "Judged figures, none of them measured: 5%-95% quantile, or one probability",
        "figure", "judged", "source",
    )  # fmt: skip
    alike: dict[tuple[str, str], list[str]] = {}
    for one in report.judged:
        _, name, *_ = one.name.split(".")
        number = "-".join(f"{value:g}" for value in one.judged)
        source = f"{one.source.partition(', http')[0]}: {one.place}"
        alike.setdefault((one.meaning, source), []).append(f"{plain(name)} {number}")
    for (meaning, source), numbers in alike.items():
        table.add_row(meaning, "\n".join(numbers), source)
    table.caption = "\n".join(report.works)
    return table


def _measured(kind: TypeUpdate, found: Summary | None) -> str:
    return share_text(found) if found else "left out" if kind.with_left_out else "not measured"


def _supposed(kind: TypeUpdate) -> str:
    return share_text(kind.supposed_success) if kind.supposed_success else "-"


def _known(value: float | None, form: str) -> str:
    return "not known" if value is None else format(value, form)


RISK_TABLES: Mapping[str, Callable[[RiskReport], Table]] = {
    "risk": risk_table,
    "types": types_table,
    "readings": readings_table,
    "transport": transport_table,
    "access": access_table,
    "inputs": matters_table,
    "next": candidates_table,
    "warnings": warnings_table,
    "sources": sources_table,
}
"""By the name that `--table` takes."""
