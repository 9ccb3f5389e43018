"""The judge: suites, blinding, scoring, rates, risk and report. The only place that sees labels."""
