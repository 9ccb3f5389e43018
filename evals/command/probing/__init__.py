"""The command `mesascope probe`, for suspects of a run and for language models and texts."""
