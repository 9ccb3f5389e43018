"""Training recipes: what an organism learns from, and what it is then certified to be."""
