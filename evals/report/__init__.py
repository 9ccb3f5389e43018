"""The report page: pictures, tables and limits from the evidence of a run."""

from evals.report.figures import write_figures
from evals.report.limits import limits
from evals.report.page import Finding, ReportInput, render_page
from evals.report.walk import Walk, WalkPair

__all__ = ["Finding", "ReportInput", "Walk", "WalkPair", "limits", "render_page", "write_figures"]
