"""Thresholds on what was measured, and the incident record where one is crossed."""

from evals.gate.archive import read_incident, write_incident
from evals.gate.facts import Fact, run_facts
from evals.gate.incident import Incident, incident_of
from evals.gate.page import incident_text
from evals.gate.parts import IncidentError, Subject
from evals.gate.policy import Policy, PolicyError, PolicyRule, load_policy
from evals.gate.suspect import suspect_facts
from evals.gate.verdict import Verdict, apply

__all__ = [
    "Fact",
    "Incident",
    "IncidentError",
    "Policy",
    "PolicyError",
    "PolicyRule",
    "Subject",
    "Verdict",
    "apply",
    "incident_of",
    "incident_text",
    "load_policy",
    "read_incident",
    "run_facts",
    "suspect_facts",
    "write_incident",
]
