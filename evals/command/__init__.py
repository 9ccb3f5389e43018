"""The command line: the only place that prints and chooses seeds and paths."""
