"""A made-up run, and the risk that follows from it."""

import pytest

from evals.evidence.evidence import Evidence
from evals.gate.facts import Fact, Subject
from evals.risk.risk_report import RiskReport
from made_evidence import STRONG, make_evidence, make_risk


@pytest.fixture(scope="session")
def strong() -> tuple[Evidence, RiskReport]:
    """Five families of every type, most organisms caught."""
    evidence = make_evidence(STRONG)
    return evidence, make_risk(evidence)


@pytest.fixture(scope="session")
def unpooled(strong: tuple[Evidence, RiskReport]) -> tuple[Evidence, RiskReport]:
    """The same run, judged at transport weights 0 and 1 alone."""
    return strong[0], make_risk(strong[0], 1.0)


@pytest.fixture(scope="session")
def known() -> dict[str, Fact]:
    """Three facts, one of them missing."""
    rows = (
        Fact("risk", 0.08, "the risk"),
        Fact("families", 3.0, "families scored"),
        Fact("detect", None, "no organism was scored"),
    )
    return {fact.name: fact for fact in rows}


@pytest.fixture(scope="session")
def subject() -> Subject:
    return Subject("run", "made_up", "made_up", "5f1c" * 4, "ab34" * 16)
