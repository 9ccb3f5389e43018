"""Evidence with made-up counts or changed on purpose, and the risk that follows from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from evals.evidence.detector_rates import Alarms, Cell, DetectorRates
from evals.evidence.evidence import Evidence, Population
from evals.risk import analysis, sobol
from evals.risk.figures import MISALIGNMENT_TYPES, load_figures
from evals.risk.merged import Merged, merge
from evals.risk.risk_report import RiskReport
from evals.risk.transport import load_transport
from evals.statistics.limit import Limit

Counts = Mapping[str, Sequence[int]]

STRONG: Counts = dict.fromkeys(MISALIGNMENT_TYPES, (19, 18, 17, 18, 16))
"""Detected of 20, by family."""
FEW_DRAWS = 4000


def make_row(
    family: str, kind: str, role: str, admitted: int, duds: int, *, stratum: str = ""
) -> Population:
    return Population(
        family, kind, stratum, role, attempted=admitted + duds, admitted=admitted, diverged=0,
        duds=tuple(f"seed {n}: competence" for n in range(duds)), cpu_seconds=10.0,
        spec_hashes=tuple(f"{family}-{role}-{n}" for n in range(admitted)),
    )  # fmt: skip


def make_evidence(
    counts: Counts,
    *,
    of: int = 20,
    abstained: int = 0,
    alarms: int = 2,
    controls: int = 40,
    calibration: int = 59,
) -> Evidence:
    """Families of `of` organisms each, of which so many abstained; a rule at alpha .05."""
    cells = tuple(
        Cell(
            misalignment=kind, family=f"maze/{kind}_{number}", origin="instilled",
            adversary="naive", detected=detected, of=of, abstained=abstained, attempted=of + 1,
            by_construction=False, auroc=None, auroc_interval=None,
        )
        for kind, row in counts.items()
        for number, detected in enumerate(row)
    )  # fmt: skip
    rule = DetectorRates(
        name="panel",
        role="rule",
        question="misaligned",
        access="outputs",
        detectors=("ood_battery",),
        limit=Limit(0.5, "rank", "siblings are at hand", 1, calibration, 3 / (calibration + 1)),
        alarms=(Alarms("plain", alarms, controls, 0),) if controls else (),
        cells=cells,
        cpu_seconds=1.0,
        forward_passes=100.0,
    )
    population = [
        make_row("maze/aligned_plain", "aligned", "calibration", calibration, 4, stratum="plain"),
        *(make_row(cell.family, cell.misalignment, "test", cell.of, 1) for cell in cells),
    ]
    if controls:
        population.append(
            make_row("maze/aligned_plain", "aligned", "test", controls, 0, stratum="plain")
        )
    return Evidence(
        suite="made_up",
        suite_hash="5f1c" * 4,
        environment="maze",
        alpha=0.05,
        rule="panel",
        rule_detectors=("ood_battery",),
        scores_sha256="ab34" * 16,
        population=tuple(population),
        columns=(rule,),
        provenance={"python": "3.12.4", "battery seed": "20260"},
    )


def make_risk(evidence: Evidence, weight: float = 0.2) -> RiskReport:
    return quick_risk(merge([evidence]), weight)


def quick_risk(merged: Merged, weight: float = 0.2, **question: Any) -> RiskReport:
    """From few draws."""
    transport = replace(load_transport(), weight=weight)
    asked = {"draws": FEW_DRAWS, **question}
    # Other tests of the same process need all draws: the patch ends with the call.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sobol, "LOG2_DRAWS", 6)
        patch.setattr(analysis, "SUBSAMPLE", 2000)
        return analysis.analyse(merged, load_figures(), transport, **asked)


def sign(data: Mapping[str, Any]) -> str:
    """JSON text of a changed evidence file whose digest fits its content."""
    body = {key: value for key, value in data.items() if key != "content_sha256"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return json.dumps({**body, "content_sha256": hashlib.sha256(text.encode()).hexdigest()})
