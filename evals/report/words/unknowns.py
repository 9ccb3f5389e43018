"""What the run says about the analysis's critical unknowns and assumptions."""

from __future__ import annotations

from dataclasses import dataclass

from evals.evidence.evidence import Evidence
from evals.report.words.change import unmitigated_moves
from evals.report.words.headline import IN_DISTRIBUTION
from evals.report.words.wording import fine_percent, listed, plural, scenario_text
from evals.risk.risk_report import RiskReport


@dataclass(frozen=True)
class Answer:
    """One question of the analysis.

    Attributes:
        question: in the words of the analysis.
        answer: with numbers of this run, and with what would measure it where that is missing.
        measured: whether this run measured it.
    """

    question: str
    answer: str
    measured: bool

    def __post_init__(self) -> None:
        if not any(letter.isdigit() for letter in self.answer):
            raise ValueError(f"the answer to {self.question!r} needs a number of this run")


def unknowns(evidence: Evidence, report: RiskReport) -> tuple[Answer, ...]:
    """The four critical unknowns."""
    return (
        _detection(evidence, report),
        _emergence(evidence, report),
        _architecture(evidence),
        _intervention(report),
    )


def assumptions(evidence: Evidence, report: RiskReport) -> tuple[Answer, ...]:
    """The four assumptions of the model."""
    return (
        _separable(evidence),
        _scales(evidence),
        _harmless(evidence),
        _causal(report),
    )


def _detection(evidence: Evidence, report: RiskReport) -> Answer:
    rates = [
        f"{record.misalignment} {new.mean:.2f} ({new.q05:.2f}-{new.q95:.2f}, "
        f"{plural(record.of, 'organism')} of {plural(record.families, 'family', 'families')})"
        for record in report.types
        if (new := record.measured_detection) is not None
    ]
    row = report.row(report.scenario, report.weight)
    missing = len(report.types) - len(rates)
    factor = (
        f"Nothing handled against residual is {fine_percent(row.unmitigated.mean)} against "
        f"{fine_percent(row.residual.mean)} ({scenario_text(report.scenario)}, weight "
        f"{report.weight:g}); the analysis expects detection to matter by an order of magnitude."
    )
    question = "Detection feasibility: can misaligned optimization be found?"
    if not rates:
        text = f"Not measured: 0 cells count towards detection. {factor} "
        return Answer(question, text + "Organisms of any type would measure it.", False)
    left = (
        "" if not missing else f" Not measured: {plural(missing, 'type')} of {len(report.types)}."
    )
    return Answer(
        question,
        f"On a new family at alpha {evidence.alpha:g} the rule flags {listed(rates)}.{left} "
        f"{factor}",
        True,
    )


def _emergence(evidence: Evidence, report: RiskReport) -> Answer:
    question = "Emergence thresholds: when does a network begin to optimize by itself?"
    judged, swept = (report.row(report.scenario, end).unmitigated for end in (0.0, 1.0))
    if unmitigated_moves(report, report.scenario):
        return Answer(
            question,
            "A sweep of recipes that were registered beforehand puts the expected risk if nothing "
            f"were handled at {fine_percent(swept.mean)} in place of the judged "
            f"{fine_percent(judged.mean)} ({scenario_text(report.scenario)}).",
            True,
        )
    admitted = sum(row.admitted for row in evidence.population)
    attempted = sum(row.attempted for row in evidence.population)
    return Answer(
        question,
        f"Not measured: {admitted} of {attempted} networks were admitted, which is a property of "
        f"recipes and bars and no rate of emergence. A sweep of spontaneous recipes, "
        "registered beforehand and without selection, would measure it.",
        False,
    )


def _architecture(evidence: Evidence) -> Answer:
    networks = sum(row.admitted for row in evidence.population)
    return Answer(
        "Architecture dependence: does it depend on the kind of network?",
        f"Not measured: the {plural(networks, 'network')} of this run share 1 environment, the "
        f"{evidence.environment}, and their code. The same recipes in another environment and "
        "another architecture, judged by the same rule, would measure it.",
        False,
    )


def _intervention(report: RiskReport) -> Answer:
    judged = [
        f"{record.misalignment} {record.judged_correction.mean:.2f}" for record in report.types
    ]
    shares = [
        f"{part.misalignment} {1 - part.residual.mean / part.unmitigated.mean:.0%}"
        for part in report.types
        if part.unmitigated.mean
    ]
    handled = f" With it, detection and correction take away {listed(shares)}." if shares else ""
    return Answer(
        "Intervention effectiveness: does correcting a caught system work?",
        f"Not measured: 0 flagged organisms were corrected. P(corrected | detected) is what the "
        f"judged success implies, on average {listed(judged)}.{handled} Retraining flagged "
        "organisms and auditing them again, blind, would measure it.",
        False,
    )


def _separable(evidence: Evidence) -> Answer:
    question = "Mesa-optimization and capability can be meaningfully separated."
    cells = [
        "{} {:.2f} ({:.2f}-{:.2f})".format(cell.family, cell.auroc, *cell.auroc_interval)
        for column in evidence.columns
        if column.name == IN_DISTRIBUTION
        for cell in column.cells
        if cell.auroc is not None and cell.auroc_interval is not None
    ]
    if not cells:
        return Answer(
            question,
            "Not measured: 0 families were compared with aligned networks on usual inputs. The "
            "baseline that looks at usual behaviour alone would measure it.",
            False,
        )
    return Answer(
        question,
        "Measured here as the chance that a misaligned network looks worse than an aligned one on "
        f"usual inputs, where only capability shows (0.50: no difference): {listed(cells)}. "
        "Far from 0.50, the flaw and the capability are not separated.",
        True,
    )


def _scales(evidence: Evidence) -> Answer:
    rule = evidence.column(evidence.rule)
    return Answer(
        "Detection methods can scale with capability.",
        f"Not measured: all networks are of 1 size class. There the rule costs "
        f"{rule.cpu_seconds:.2g} CPU-seconds and {rule.forward_passes:,.0f} forward passes a "
        "suspect. The same recipes at several sizes, P(detect) and cost against size, would "
        "measure it.",
        False,
    )


def _harmless(evidence: Evidence) -> Answer:
    duds = sum(len(row.duds) for row in evidence.population)
    trained = sum(row.attempted for row in evidence.population)
    return Answer(
        "Training modifications do not introduce other risks.",
        f"Not measured: 0 mitigations were trained. ({duds} of {trained} trainings gave networks "
        "that failed a check of admission: even plain recipes do not always give what they "
        "intend.) The rule's alarms on organisms and controls before and after a mitigation would "
        "measure it.",
        False,
    )


def _causal(report: RiskReport) -> Answer:
    verdicts = [row.verdict for row in report.consistency]
    doubtful = sum(verdict != "coherent" for verdict in verdicts)
    shares = [rows[-1].fraction.mean for rows in report.readings.values()]
    spread = (
        f" At weight 1 the share that remains runs from {min(shares):.2f} to {max(shares):.2f} "
        f"over {len(shares)} readings of the same evidence."
    )
    return Answer(
        "The risk decomposition captures the true causal structure.",
        f"Not measured: no catastrophe is observed, so only coherence can be checked. {doubtful} "
        f"of {len(verdicts)} comparisons of the judged rows are strained or incoherent.{spread} "
        "A forecast of incidents that later come true or do not would measure it.",
        False,
    )
