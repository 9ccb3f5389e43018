"""Which instances are trained on and which are tested; all rows of an instance go together."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from probes.arguments import require_number
from probes.errors import MesascopeError

UNTESTED = -1
"""Fold of an instance that is trained on and never tested."""


class FoldError(MesascopeError, ValueError):
    """Instances that cannot be divided as asked."""


@dataclass(frozen=True)
class Split:
    """Numbers of instances on two sides, none of them on both."""

    train: Int[Tensor, " train"]
    test: Int[Tensor, " test"]

    @classmethod
    def draw(cls, n: int, *, test_share: float, generator: torch.Generator) -> Split:
        """Split `n` instances at random.

        Raises:
            FoldError: a side would be empty.
        """
        require_number("test_share", test_share, above=0, below=1, error=FoldError)
        n_test = round(n * test_share)
        if not 0 < n_test < n:
            raise FoldError(f"a test share of {test_share} leaves a side of {n} instances empty")
        order = torch.randperm(n, generator=generator)
        return cls(train=order[n_test:], test=order[:n_test])


@dataclass(frozen=True)
class Folds:
    """Every fold is tested once by probes fitted on all other instances.

    Attributes:
        of: fold of every instance; `UNTESTED` is allowed.
    """

    of: Int[Tensor, " batch"]
    count: int

    def __post_init__(self) -> None:
        sizes = torch.bincount(self.of[self.of >= 0], minlength=self.count)
        if len(sizes) != self.count or bool((sizes == 0).any()) or int(self.of.min()) < UNTESTED:
            raise FoldError(
                f"every fold needs instances, got sizes {sizes.tolist()} for {self.count} folds"
            )
        if self.count == 1 and not bool((self.of == UNTESTED).any()):
            raise FoldError("one fold that holds every instance leaves nothing to train on")

    @classmethod
    def draw(cls, n: int, *, count: int, generator: torch.Generator) -> Folds:
        """Folds of equal size, up to one instance, at random.

        Raises:
            FoldError: there are fewer than two folds, or fewer instances than folds.
        """
        if not 2 <= count <= n:
            raise FoldError(
                f"need 2 or more folds and an instance in each, got {count} folds of {n} instances;"
                " draw more instances or ask for fewer folds"
            )
        return cls(torch.arange(n)[torch.randperm(n, generator=generator)] % count, count)

    @classmethod
    def of_split(cls, split: Split) -> Folds:
        """One fold: the test side, judged by probes fitted on the training side."""
        fold = torch.full((len(split.train) + len(split.test),), UNTESTED)
        fold[split.test] = 0
        return cls(fold, 1)

    @classmethod
    def untested(cls, n: int) -> Folds:
        """No fold: every instance is trained on."""
        return cls(torch.full((n,), UNTESTED), 0)

    def tested(self, fold: int) -> Bool[Tensor, " batch"]:
        """Which instances a fold tests; all others are trained on."""
        return self.of == fold
