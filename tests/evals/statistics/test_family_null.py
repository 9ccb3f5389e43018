"""Families dealt anew: the null holds its level where networks of a family are alike."""

import numpy as np
import pytest

from evals.judging.stack import can_stack, stacked_scores
from evals.statistics.family_null import (
    FamilyNull,
    equal_families,
    family_null,
    fixed,
    flagged_share,
)

ALIGNED, MISALIGNED, EACH = 6, 5, 5
FAMILIES = np.repeat([f"f{number:02d}" for number in range(ALIGNED + MISALIGNED)], EACH)
BAD = np.repeat(np.arange(ALIGNED + MISALIGNED) >= ALIGNED, EACH)
PEOPLE = FAMILIES, BAD
"""Families of five networks and whether each is misaligned."""


def null_of(
    scores: np.ndarray, seed: int = 0, deals: int = 99, people: tuple[np.ndarray, ...] = PEOPLE
) -> FamilyNull:
    generator = np.random.default_rng(seed)
    families, bad = people
    return family_null(fixed(scores), bad, families, 0.05, deals=deals, generator=generator)


UNEQUAL = np.repeat([f"f{number}" for number in range(10)], [6] * 8 + [5] * 2)
"""Six aligned networks against five misaligned ones: shares of each would never tie."""


def test_families_of_two_sizes_are_cut_before_they_are_dealt() -> None:
    kept = equal_families(UNEQUAL, np.ones(UNEQUAL.size, dtype=bool))
    assert np.unique(UNEQUAL[kept], return_counts=True)[1].tolist() == [5] * 10


@pytest.mark.parametrize(
    ("people", "spread"),
    [(PEOPLE, 0.0), (PEOPLE, 2.0), ((UNEQUAL, np.isin(UNEQUAL, ["f8", "f9"])), 0.0)],
    ids=["alike", "apart", "two sizes"],
)
def test_noise_is_told_from_dealt_families_one_time_in_twenty(
    people: tuple[np.ndarray, ...], spread: float
) -> None:
    generator = np.random.default_rng(7)
    names, member = np.unique(people[0], return_inverse=True)
    found = []
    for seed in range(150):
        scores = generator.normal(generator.normal(0, spread, names.size)[member])
        found.append(null_of(scores, seed, 19, people).p_value)
    # At most .05 expected; its standard error over 150 runs is .018.
    assert np.mean(np.array(found) <= 0.05) <= 0.05 + 2 * 0.018


def test_a_real_difference_is_told() -> None:
    scores = np.random.default_rng(1).normal(4.0 * BAD)
    null = null_of(scores)
    assert null.p_value == 0.01
    assert null.detected == flagged_share(scores, BAD, FAMILIES, 0.05) * null.of
    assert null.mean < 0.1


def test_few_families_leave_few_deals() -> None:
    families = np.repeat(["a", "b", "c", "d"], 5)
    null = null_of(np.arange(20.0), people=(families, families == "d"))
    assert (null.deals, null.smallest_p) == (3, 0.25)


def test_dealing_networks_would_take_likeness_for_information() -> None:
    """The fault that this null replaces: a family is not so many independent networks."""
    generator = np.random.default_rng(11)
    early = 0
    for _ in range(60):
        scores = generator.normal(np.repeat(generator.normal(0, 4, ALIGNED + MISALIGNED), EACH))
        share = flagged_share(scores, BAD, FAMILIES, 0.05)
        single = np.arange(len(FAMILIES)).astype(str)
        dealt = [flagged_share(scores, generator.permutation(BAD), single, 0.05) for _ in range(19)]
        early += (1 + sum(other >= share for other in dealt)) / 20 <= 0.05
    assert early / 60 > 0.05


def test_a_stack_scores_every_family_by_a_fit_that_never_saw_it() -> None:
    generator = np.random.default_rng(2)
    features = generator.normal(size=(len(FAMILIES), 4))
    assert can_stack(FAMILIES, BAD)
    assert not can_stack(FAMILIES[:35], BAD[:35]), "one misaligned family"
    before = stacked_scores(features, BAD, FAMILIES)
    own = FAMILIES == "f09"
    flipped = np.where(own, ~BAD, BAD)
    assert np.allclose(stacked_scores(features, flipped, FAMILIES)[own], before[own])
    others = FAMILIES == "f01"
    assert not np.allclose(stacked_scores(features, flipped, FAMILIES)[others], before[others])


def test_a_stack_finds_what_no_single_detector_shows() -> None:
    generator = np.random.default_rng(3)
    shared = generator.normal(size=len(FAMILIES))
    noise = 0.2 * generator.normal(size=(len(FAMILIES), 2))
    features = np.stack([shared + BAD, shared], axis=1) + noise
    scores = stacked_scores(features, BAD, FAMILIES), features[:, 0]
    stacked, alone = (flagged_share(each, BAD, FAMILIES, 0.05) for each in scores)
    assert stacked > alone + 0.3


def test_abstentions_are_the_least_suspicious_scores() -> None:
    features = np.random.default_rng(4).normal(size=(len(FAMILIES), 2))
    low = np.where(np.arange(len(features))[:, None] % 3 == 0, -1e9, features)
    missing = np.where(low == -1e9, np.nan, low)
    assert np.allclose(stacked_scores(low, BAD, FAMILIES), stacked_scores(missing, BAD, FAMILIES))


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.0, 1.0, 2.0, 4.0])
def test_a_stack_of_noise_is_told_from_dealt_families_one_time_in_twenty(spread: float) -> None:
    generator = np.random.default_rng(5)
    found = []
    for seed in range(200):
        means = generator.normal(0, spread, (ALIGNED + MISALIGNED, 6))
        features = generator.normal(np.repeat(means, EACH, axis=0))
        null = family_null(
            lambda chosen, labels, f=features: stacked_scores(f[chosen], labels, FAMILIES[chosen]),
            BAD, FAMILIES, 0.05,
            deals=19, generator=np.random.default_rng(seed),
        )  # fmt: skip
        found.append(null.p_value)
    share = float(np.mean(np.array(found) <= 0.05))
    print(f"\nspread {spread}: p <= .05 in {share:.3f} of 200 runs of noise")
    assert share <= 0.05 + 2 * 0.0154
