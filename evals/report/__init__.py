"""The report page: pictures, tables and limits from the evidence of a run."""
