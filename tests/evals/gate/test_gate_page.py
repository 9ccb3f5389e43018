"""The page tells what happened, by how much, what to do and what is not known."""

import pytest

from evals.gate import Fact, Policy, PolicyRule, Subject, apply, incident_of, incident_text
from evals.gate.page import WIDTH, distance
from evals.gate.parts import RuleApplied


def row(value: float | None, comparison: str, threshold: float) -> RuleApplied:
    return RuleApplied("rule", "risk", value, "the risk", comparison, threshold, "look", "so")


@pytest.mark.parametrize(
    ("value", "comparison", "threshold", "told"),
    [
        (0.08, "above", 0.05, "risk is 0.08, above the threshold 0.05 by 0.03"),
        (0.08, "below", 0.2, "risk is 0.08, below the threshold 0.2 by 0.12"),
        (3.0, "at_least", 1.0, "risk is 3, above the threshold 1 by 2"),
        (1.0, "at_least", 1.0, "risk is 1, exactly the threshold"),
        (0.01, "at_most", 0.05, "risk is 0.01, below the threshold 0.05 by 0.04"),
        (0.04, "above", 0.05, "risk is 0.04; the rule trips where it is above 0.05"),
        (0.0, "at_least", 1.0, "risk is 0; the rule trips where it is at least 1"),
        (None, "below", 0.2, "risk was not measured, so nobody knows whether it is below 0.2"),
    ],
)
def test_the_distance_from_the_threshold_is_told(
    value: float | None, comparison: str, threshold: float, told: str
) -> None:
    assert distance(row(value, comparison, threshold)) == told


@pytest.mark.parametrize("kind", ["run", "suspect"])
def test_the_page_answers_every_question_of_its_reader(
    known: dict[str, Fact], subject: Subject, kind: str
) -> None:
    policy = Policy(
        "mine",
        "mine.toml",
        "ab" * 32,
        (
            PolicyRule("high", "risk", "enhanced oversight", "a fifth", kind, above=0.05),
            PolicyRule("higher", "risk", "enhanced oversight", "a fifth", kind, above=0.06),
            PolicyRule("scarce", "families", "build", "three", kind, below=3.0),
            PolicyRule("lax", "detect", "n", "s", kind, below=0.2, if_unmeasured="ignore"),
        ),
    )
    whom = Subject(kind, "somebody", subject.suite, subject.suite_hash, subject.scores_sha256)
    incident = incident_of(
        apply(policy, known, kind),
        subject=whom,
        created="2026-05-04T09:30:00+00:00",
        provenance={"python": "3.12.4"},
    )
    page = incident_text(incident)
    flowing = " ".join(page.split())
    for told in (
        f"INCIDENT {incident.id}",
        "2026-05-04T09:30:00+00:00",
        f"{kind} somebody",
        "trips 2 of the 3 rules of the policy 'mine' that were checked",
        "1. high: risk is 0.08, above the threshold 0.05 by 0.03.",
        "2. higher: risk is 0.08, above the threshold 0.06 by 0.02.",
        "The number: the risk.",
        "Why there: a fifth.",
        "- enhanced oversight (high, higher)",
        "Not measured: no organism was scored.",
        "- scarce: families is 3; the rule trips where it is below 3",
        "- lax: detect was not measured",
        "policy sha256 " + "ab" * 32,
        "python 3.12.4",
    ):
        assert told in flowing
    assert page.count("enhanced oversight") == 1
    assert max(len(line) for line in page.splitlines()) <= WIDTH
    order = [page.index(title) for title in ("What happened", "What to do", "What is not known")]
    assert order == sorted(order)
