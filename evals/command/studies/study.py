"""The side questions, each a command: `mesascope study`."""

from __future__ import annotations

from evals.command.command import group
from evals.command.studies.budget import budget
from evals.command.studies.identification import identify
from evals.command.studies.lead_time import lead_time
from evals.command.studies.mechanism import mechanism
from evals.command.studies.monitoring import monitor
from evals.command.studies.power import power

study = group(
    "Ask a side question of a finished run, or of networks grown for it.",
    {
        "mechanism": (mechanism, "study mechanism --suite cpu --environment tree --dry-run"),
        "identify": (identify, "study identify --suite smoke"),
        "monitor": (monitor, "study monitor --suite smoke"),
        "budget": (budget, "study budget --suite maze"),
        "lead-time": (lead_time, "study lead-time --suite maze --family maze/pseudo_colour"),
        "power": (power, "study power --families 5 --networks 20"),
    },
)
