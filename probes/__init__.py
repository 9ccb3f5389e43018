"""Look inside a network: suspects, sites, capture and probes. Imports nothing of ours."""
