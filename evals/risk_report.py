"""The risk update that follows from an evidence file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from evals.evidence import Evidence
from evals.risk import DEFAULT_WEIGHT, MISALIGNMENT_TYPES, RiskUpdate, load_figures, update

RISK_SEED = 20_260
"""Seed of the Monte Carlo draws: the same evidence gives the same risk."""

BY_CONSTRUCTION = "detected by what admission selected the organisms by: an upper bound, not a test"


def risk_from(
    measured: Evidence, *, priors: Path | None = None, weights: Sequence[float] | None = None
) -> RiskUpdate:
    """The decomposition before and after, from the rates of the evidence's rule.

    Args:
        measured: the evidence.
        priors: TOML file that overrides judged figures.
        weights: transport weights; 0, the default and 1 if not given.
    """
    rule = measured.column(measured.rule)
    caveats = {
        name: (BY_CONSTRUCTION,)
        for name in MISALIGNMENT_TYPES
        if any(cell.by_construction for cell in rule.of_type(name))
    }
    return update(
        {name: rule.counts(name) for name in MISALIGNMENT_TYPES},
        figures=load_figures(priors),
        generator=np.random.default_rng(RISK_SEED),
        weights=(0.0, DEFAULT_WEIGHT, 1.0) if weights is None else weights,
        caveats=caveats,
    )


def write_risk(updated: RiskUpdate, path: Path) -> None:
    """Write a risk update as JSON."""
    path.write_text(json.dumps(updated.to_dict(), indent=1, allow_nan=False))
