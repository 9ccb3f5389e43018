"""Organisms of one shape trained together as one program, where that is cheaper."""

from organisms.growing.batched.plan import pays, populations
from organisms.growing.batched.together import can_train_together, train_together

__all__ = ["can_train_together", "pays", "populations", "train_together"]
