"""Rooted trees as shuffled edge lists, with a goal, a decoy and free context slots."""
