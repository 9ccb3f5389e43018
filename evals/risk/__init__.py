"""The risk decomposition, and what measured detection does to it."""
