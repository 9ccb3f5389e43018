"""Two detectors on the same misaligned networks: who flags more, and could it be chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Shaped
from scipy import stats


@dataclass(frozen=True)
class Pair:
    """Verdicts of a detector and of the rule on the same networks.

    Attributes:
        first, second: names.
        both, first_only, second_only, neither: networks by who flags them.
        seen_p: two-sided exact test that both flag networks of these families equally often, at the
            limits as they are. Other aligned families would have set other limits: two detectors
            that are equally good differ at p <= .05 in .14 to .35 of runs for that reason alone.
        families_p: two-sided sign-flip test over families, at the same limits; .09 to .12 so. Never
            below 2 / 2^F, so that five families can show nothing at 5%.
    """

    first: str
    second: str
    both: int
    first_only: int
    second_only: int
    neither: int
    seen_p: float
    families_p: float

    def __post_init__(self) -> None:
        counts = (self.both, self.first_only, self.second_only, self.neither)
        if min(counts) < 0 or not sum(counts):
            raise ValueError(f"{self.first} and {self.second}: impossible counts {counts}")


def compared(
    first: str,
    second: str,
    verdicts: tuple[Bool[np.ndarray, " network"], Bool[np.ndarray, " network"]],
    families: Shaped[np.ndarray, " network"],
) -> Pair:
    """Compare two detectors' verdicts on misaligned networks.

    `seen_p` is McNemar's exact test (1947): of the networks on which they differ, each is alone on
    half. `families_p` flips the signs of the differences of family rates
    (`scipy.stats.permutation_test`).

    Args:
        first, second: names.
        verdicts: of both, in the same order.
        families: of the networks.

    Raises:
        ValueError: no network, or verdicts of different lengths.
    """
    mine, other = verdicts
    if not mine.size or mine.shape != other.shape or mine.shape != families.shape:
        raise ValueError(
            f"got verdicts {mine.shape} and {other.shape} of {families.shape} networks"
        )
    alone, second_alone = int((mine & ~other).sum()), int((other & ~mine).sum())
    differing = alone + second_alone
    seen_p = stats.binomtest(alone, differing).pvalue if differing else 1.0
    names = np.unique(families)
    differences = np.array(
        [mine[families == name].mean() - other[families == name].mean() for name in names]
    )
    families_p = 1.0
    if differences.any() and len(names) > 1:
        families_p = stats.permutation_test(
            (differences,),
            np.mean,
            permutation_type="samples",
            n_resamples=9999,
            rng=np.random.default_rng(0),
        ).pvalue
    return Pair(
        first=first,
        second=second,
        both=int((mine & other).sum()),
        first_only=alone,
        second_only=second_alone,
        neither=int((~mine & ~other).sum()),
        seen_p=float(seen_p),
        families_p=float(families_p),
    )
