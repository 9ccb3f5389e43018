"""Training and admission of organisms, alone or many at once."""
