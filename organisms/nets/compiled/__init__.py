"""Networks whose weights are set by construction: what they compute is known, not measured."""
