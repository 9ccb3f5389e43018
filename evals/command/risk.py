"""The commands that read evidence: `mesascope risk` and `mesascope gate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evals.command.command import keep
from evals.command.console import console
from evals.command.options import HomeOption

if TYPE_CHECKING:
    from evals.risk.risk_report import RiskReport
    from evals.risk.transport import Transport

EvidenceOption = Annotated[
    list[Path],
    typer.Option(help="evidence.json of a run or a sweep; repeat it for several."),
]
PriorsOption = Annotated[Path | None, typer.Option(help="TOML file that overrides judged figures.")]
HorizonOption = Annotated[str, typer.Option(help="Horizon that the details are about.")]
TransportOption = Annotated[
    str | None,
    typer.Option(help="Weight of what was measured, as 0.2, or its steps: small_to_large=0.3,..."),
]


def risk(
    evidence: EvidenceOption,
    priors: PriorsOption = None,
    horizon: HorizonOption = "near_term",
    transport: TransportOption = None,
    what_if: Annotated[
        list[str] | None, typer.Option(help="Suppose an input known: detect.deceptive=0.8")
    ] = None,
    decision_level: Annotated[
        float | None,
        typer.Option(
            help="Residual risk below which one would deploy; the expected one if not given.",
            min=0,
            max=1,
        ),
    ] = None,
    draws: Annotated[
        int, typer.Option(help="Size of the simulation.", min=10_000, max=2_000_000)
    ] = 100_000,
    figures: Annotated[
        Path | None, typer.Option(help="Also write SVG figures into this folder.")
    ] = None,
) -> None:
    """Update the risk decomposition from evidence: what changed, and what would change it next."""
    from evals.evidence.evidence_file import read_evidence
    from evals.report.tables.risk_tables import TABLES
    from evals.report.words.change import change
    from evals.risk.analysis import analyse
    from evals.risk.figures import load_figures
    from evals.risk.merged import merge
    from evals.risk.risk_report import risk_record
    from evals.risk.transport import load_transport

    report = analyse(
        merge([read_evidence(path) for path in evidence]),
        load_figures(priors),
        load_transport() if transport is None else parse_transport(transport),
        horizon=horizon,
        supposed=parse_what_if(what_if or []),
        decision_level=decision_level,
        draws=draws,
    )
    written: list[tuple[str, Path]] = []
    keep(risk_record(report))
    if figures is not None:
        from evals.report.pictures.risks import write_figures

        written += [("figure: ", path) for path in write_figures(report, figures)]
    for table in TABLES:
        console.print(table(report))
    console.print(change(report), highlight=False)
    print_flags(report)
    for what, path in written:
        console.print(f"{what} {path}", soft_wrap=True)


def gate(
    evidence: Annotated[
        Path | None, typer.Option(help="Apply the policy to the run of this evidence.json.")
    ] = None,
    suspect: Annotated[
        str | None, typer.Option(help="Or to one suspect of a finished run, by its opaque id.")
    ] = None,
    suite: Annotated[str, typer.Option(help="Suite of the suspect's run.")] = "smoke",
    environment: Annotated[
        str | None, typer.Option(help="World of the suspect, where the suite holds several.")
    ] = None,
    home: HomeOption = Path(),
    policy: Annotated[
        Path | None, typer.Option(help="Policy TOML; the example policy if not given.")
    ] = None,
    priors: PriorsOption = None,
    transport: Annotated[
        float | None,
        typer.Option(help="Weight of what was measured; 0.2 if not given.", min=0.01, max=0.99),
    ] = None,
    incident: Annotated[
        Path | None, typer.Option(help="Write the incident record into this folder.")
    ] = None,
) -> None:
    """Apply policy thresholds to a run or a suspect; exit code 1 when one trips."""
    from dataclasses import asdict
    from datetime import UTC, datetime

    from evals.gate.incident import incident_text, write_incident
    from evals.gate.policy import PolicyError, load_policy
    from evals.gate.verdict import apply
    from evals.risk.figures import load_figures
    from evals.risk.transport import load_transport

    if (evidence is None) == (suspect is None):
        raise PolicyError("give one of --evidence (a run) and --suspect (one network)")
    if suspect is not None and (priors is not None or transport is not None):
        raise PolicyError("--priors and --transport are of the risk; a suspect has none")
    rules = load_policy(policy)
    if evidence is not None:
        from evals.gate.facts import gated_run

        steps = load_transport() if transport is None else parse_transport(str(transport))
        subject, facts, provenance = gated_run(evidence, load_figures(priors), steps)
    else:
        from evals.gate.suspect import gated_suspect
        from evals.suite.home import Home
        from evals.suite.suite_file import load_suite

        judged = load_suite(suite).judged_in(environment)
        subject, facts, provenance = gated_suspect(judged, Home(home), str(suspect))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    verdict = apply(rules, subject, facts, created=now, provenance=provenance)
    keep({"tripped": bool(verdict.tripped), **asdict(verdict)})
    if not verdict.tripped:
        console.print(
            f"passed: {len(verdict.passed)} rules of {rules.name!r} hold for {subject.kind} "
            f"{subject.name}, {len(verdict.ignored)} not checked",
            highlight=False,
        )
        return
    written = () if incident is None else write_incident(verdict, incident)
    console.print(incident_text(verdict), highlight=False)
    for path in written:
        console.print(f"incident: {path}", soft_wrap=True)
    raise typer.Exit(1)


def print_flags(report: RiskReport) -> None:
    """What a reader must know beside the figures."""
    from evals.report.words.change import signs
    from evals.report.words.strategy import crossing

    for kind in report.types:
        for flag in kind.flags:
            console.print(f"{kind.misalignment}: {flag}", highlight=False)
    for row in report.consistency:
        if row.verdict != "coherent":
            console.print(f"{row.verdict}: {row.sentence}", highlight=False)
    for text in (*report.flags, *signs(report), *crossing(report)):
        console.print(text, highlight=False)


def parse_what_if(words: Sequence[str]) -> dict[str, float]:
    """Suppositions written as `detect.deceptive=0.8`.

    Raises:
        QuestionError: no number, or one name twice.
    """
    from evals.risk.figures import QuestionError

    supposed: dict[str, float] = {}
    for word in words:
        name, _, value = (part.strip() for part in word.partition("="))
        try:
            number = float(value)
        except ValueError:
            raise QuestionError(
                f"what if {word!r}? wanted NAME=NUMBER, such as detect.deceptive=0.8"
            ) from None
        if name in supposed:
            raise QuestionError(f"what if {name} were both {supposed[name]:g} and {number:g}?")
        supposed[name] = number
    return supposed


def parse_transport(text: str) -> Transport:
    """The weight as a whole, such as `0.2`, or some steps, such as `small_to_large=0.3`.

    Raises:
        QuestionError: neither of the two.
    """
    from dataclasses import replace

    from evals.risk.figures import QuestionError
    from evals.risk.transport import load_transport

    try:
        pairs = [part.rpartition("=") for part in text.split(",")]
        numbers = {name.strip(): float(value) for name, _, value in pairs}
    except ValueError as error:
        raise QuestionError(
            f"transport {text!r} is neither a weight in [0, 1] nor steps such as "
            f"small_to_large=0.3,naive_to_adaptive=0.4: {error}"
        ) from error
    if list(numbers) == [""]:
        return replace(load_transport(), weight=numbers[""])
    return load_transport(numbers)
