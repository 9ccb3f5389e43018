"""The commands that read evidence: `mesascope risk` and `mesascope gate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evals.command.command import keep
from evals.command.console import console
from evals.command.options import EnvironmentOption, HomeOption, finished_run
from probes.arguments import near_misses

if TYPE_CHECKING:
    from evals.gate.verdict import Verdict
    from evals.risk.counts import Reported
    from evals.risk.merged import Merged

SuitesOption = Annotated[
    list[str] | None,
    typer.Option(help="Suite of a finished run in --home; repeat it for several."),
]
EvidenceOption = Annotated[
    list[Path] | None,
    typer.Option(help="evidence.json of a run or a sweep; repeat it for several."),
]
CountsOption = Annotated[
    list[Path] | None,
    typer.Option(help="CSV file of your own counts, as --template prints one; repeat it likewise."),
]
PriorsOption = Annotated[
    Path | None,
    typer.Option(help="TOML file that replaces judged figures, as --priors-template prints one."),
]
HorizonOption = Annotated[
    str, typer.Option(help="What the details are about: current, near_term or medium_term.")
]
TransportOption = Annotated[
    str | None,
    typer.Option(help="Weight of what was measured, as 0.2, or its steps: small_to_large=0.3,..."),
]


def risk(
    suite: SuitesOption = None,
    evidence: EvidenceOption = None,
    counts: CountsOption = None,
    environment: EnvironmentOption = None,
    home: HomeOption = Path(),
    allow_reference: Annotated[
        bool,
        typer.Option("--allow-reference", help="Take public organisms too, as an illustration."),
    ] = False,
    priors: PriorsOption = None,
    horizon: HorizonOption = "near_term",
    transport: TransportOption = None,
    what_if: Annotated[
        list[str] | None,
        typer.Option(help="Suppose an input known, at every weight: detect.deceptive=0.8"),
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
    table: Annotated[
        str | None,
        typer.Option(help="Print one table instead; an unknown name lists those there are."),
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(help="Also write SVG figures into this folder.")
    ] = None,
    template: Annotated[
        bool, typer.Option("--template", help="Print an example for --counts and stop.")
    ] = False,
    priors_template: Annotated[
        bool, typer.Option("--priors-template", help="Print a file for --priors and stop.")
    ] = False,
) -> None:
    """Update the risk by measured detection: of runs, or of your own detector by its counts."""
    from evals.risk.counts import TEMPLATE
    from evals.risk.figures import (
        HORIZONS,
        QuestionError,
        load_figures,
        parse_what_if,
        priors_template_text,
    )
    from evals.risk.transport import read_transport

    if template or priors_template:
        text = (TEMPLATE if template else priors_template_text()).rstrip()
        keep({"template": text})
        console.print(text, soft_wrap=True)
        return
    if not (suite or evidence or counts):
        raise QuestionError(
            "risk of what? give --suite NAME (a finished run), --evidence FILE, or --counts FILE "
            "(your own numbers; `mesascope risk --template` prints an example)"
        )
    if horizon not in HORIZONS:
        raise QuestionError(f"unknown horizon {horizon!r}: {near_misses(horizon, HORIZONS)}")
    supposed = parse_what_if(what_if or [])
    steps = read_transport(transport)
    judged = load_figures(priors)
    from evals.report.tables.risk_tables import RISK_TABLES, risk_screen

    if table is not None and table not in RISK_TABLES:
        raise QuestionError(f"no table {table!r}: {near_misses(table, RISK_TABLES)}")
    from evals.risk.analysis import analyse
    from evals.risk.risk_report import risk_record

    report = analyse(
        _measured(suite or [], evidence or [], counts or [], environment, home, allow_reference),
        judged,
        steps,
        horizon=horizon,
        supposed=supposed,
        decision_level=decision_level,
        draws=draws,
    )
    written: list[tuple[str, Path]] = []
    keep(risk_record(report))
    if figures is not None:
        from evals.report.pictures.risks import write_figures

        written += [("figure: ", path) for path in write_figures(report, figures)]
    for part in risk_screen(report) if table is None else [RISK_TABLES[table](report)]:
        console.print(part, highlight=False)
    for what, path in written:
        console.print(f"{what} {path}", soft_wrap=True)


def gate(
    suite: Annotated[
        str | None,
        typer.Option(help="Apply the policy to the finished run of this suite in --home."),
    ] = None,
    evidence: Annotated[
        Path | None, typer.Option(help="Or to the run of this evidence.json.")
    ] = None,
    suspect: Annotated[
        str | None,
        typer.Option(help="Or to one suspect of the suite's run (smoke if none), by its id."),
    ] = None,
    audit: Annotated[
        Path | None, typer.Option(help="Or to the network of this record of `mesascope audit`.")
    ] = None,
    environment: EnvironmentOption = None,
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
    """Apply policy thresholds to a run, a suspect or an audit; exit code 1 when one trips."""
    from dataclasses import asdict
    from datetime import UTC, datetime

    from evals.gate.policy import PolicyError, load_policy
    from evals.gate.verdict import apply
    from evals.risk.figures import load_figures
    from evals.risk.transport import read_transport

    of_a_suite = suite is not None or suspect is not None
    if of_a_suite + (evidence is not None) + (audit is not None) != 1:
        raise PolicyError(
            "give one of --suite NAME (a finished run), --evidence FILE (a run), --suspect ID "
            "(one network of a suite's run), and --audit FILE (an audited network)"
        )
    if (suspect or audit) is not None and (priors is not None or transport is not None):
        raise PolicyError("--priors and --transport are of the risk; one network has none")
    rules = load_policy(policy)
    if audit is not None:
        from evals.gate.audit import known_audit

        subject, facts, provenance = known_audit(audit)
    elif suspect is None:
        from evals.gate.facts import gated_run

        steps = read_transport(None if transport is None else str(transport))
        judged = load_figures(priors)
        path = evidence or finished_evidence(str(suite), environment, home)
        subject, facts, provenance = gated_run(path, judged, steps)
    else:
        from evals.suite.suite_names import require_run

        require_run(suite or "smoke", home)
        from evals.gate.suspect import gated_suspect
        from evals.suite.home import Home
        from evals.suite.suite_file import load_suite

        chosen = load_suite(suite or "smoke").judged_in(environment)
        subject, facts, provenance = gated_suspect(chosen, Home(home), suspect)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    verdict = apply(rules, subject, facts, created=now, provenance=provenance)
    keep({"tripped": bool(verdict.tripped), **asdict(verdict)})
    show_verdict(verdict, incident)
    if "public" in facts and facts["public"].value:
        console.print(facts["public"].text, highlight=False)


def show_verdict(verdict: Verdict, incident: Path | None = None) -> None:
    """Print what a policy says, and end with exit code 1 where a rule trips.

    Args:
        incident: folder to write the record of it into.
    """
    from evals.gate.incident import verdict_text, write_incident

    written = write_incident(verdict, incident) if verdict.tripped and incident else ()
    console.print(verdict_text(verdict), highlight=False)
    for path in written:
        console.print(f"incident: {path}", soft_wrap=True)
    if verdict.tripped:
        raise typer.Exit(1)


def finished_evidence(suite: str, environment: str | None, home: Path) -> Path:
    """Where the evidence of a suite's finished run lies.

    Raises:
        NoRun: the suite was not run there.
    """
    from evals.suite.suite_names import NoRun, require_run, runs_of

    require_run(suite, home)
    from evals.suite.home import Home
    from evals.suite.suite_file import load_suite

    path = Home(home).run(load_suite(suite).judged_in(environment)) / "evidence.json"
    if not path.is_file() and not runs_of(suite, home):
        finished_run(suite, environment, home)  # lays the run there that comes with the package
    if not path.is_file():
        raise NoRun(
            f"suite {suite} has no finished run in {home.resolve()}: `mesascope run --suite "
            f"{suite}` makes one, --home names another folder"
        )
    return path


def _measured(
    suites: Sequence[str],
    evidence: Sequence[Path],
    counts: Sequence[Path],
    environment: str | None,
    home: Path,
    allow_reference: bool,
) -> Merged | Reported:
    """What the options name, read as one.

    Raises:
        EvidenceError: it does not belong together.
        QuestionError: some organisms are public, and that was not allowed.
    """
    from evals.evidence.detector_rates import EvidenceError
    from evals.evidence.evidence_file import read_evidence
    from evals.evidence.sweep import Sweep
    from evals.risk.counts import read_counts, reported
    from evals.risk.merged import merge, require_fresh

    rows = {path.name: read_counts(path) for path in dict.fromkeys(counts)}
    found = [read_evidence(path) for path in evidence]
    found += [read_evidence(finished_evidence(name, environment, home)) for name in suites]
    require_fresh(found, allow_reference=allow_reference)
    if not rows:
        return merge(found)
    sweeps = [one for one in found if isinstance(one, Sweep)]
    if len(sweeps) < len(found) or len(sweeps) > 1:
        raise EvidenceError(
            "counts and a run are rates of two detectors, which cannot be added up; give --counts "
            "alone, or with the --evidence of one sweep"
        )
    return reported(rows, *sweeps)
