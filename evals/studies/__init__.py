"""One side question each; no study imports another."""
