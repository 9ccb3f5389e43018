"""Linear probes and causal interventions on a network's activations."""
