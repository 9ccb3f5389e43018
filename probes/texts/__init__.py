"""Labelled texts, and what a language model makes of them, as features for probes."""
