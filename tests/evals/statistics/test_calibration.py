"""Which limit judges whom: a family has no say in its own."""

import numpy as np
import pytest

from evals.statistics.calibration import calibration, require_left_out
from evals.statistics.limit import AlphaNotAttainable, new_family_limit


def labels(families: int, each: int) -> np.ndarray:
    return np.repeat([f"aligned_{number}" for number in range(families)], each)


def test_a_family_has_no_say_in_its_own_limit() -> None:
    families = labels(4, 15)
    scores = np.random.default_rng(1).random(60)
    limits = calibration(scores, families, 0.05, "left_out")
    assert (limits.whole.networks, limits.whole.families) == (60, 4)
    for family in set(families.tolist()):
        own = limits.judging(family)
        assert (own.networks, own.families) == (45, 3)
        others = families != family
        assert own == new_family_limit(scores[others], families[others], 0.05)
        moved = np.where(families == family, scores + 100, scores)
        assert calibration(moved, families, 0.05, "left_out").judging(family) == own
    assert limits.judging("proxy") == limits.whole


def test_every_suspect_is_judged_by_its_own_limit() -> None:
    scores = np.array([0.0, 0, 0, 5, 1, 1, 1, 9, 2, 2, 2, 7])
    families = labels(3, 4)
    limits = calibration(scores, families, 0.05, "left_out")
    assert [limits.judging(f"aligned_{n}").value for n in range(3)] == [9, 7, 9]
    assert limits.whole.value == 9
    suspects = np.array([8.0, 8.0, 8.0, 9.5, np.nan])
    who = np.array(["aligned_0", "aligned_1", "proxy", "proxy", "proxy"])
    assert limits.flags(suspects, who).tolist() == [False, True, False, True, False]


def test_a_split_sets_one_rank_for_the_families_seen() -> None:
    limits = calibration(np.arange(39.0), labels(3, 13), 0.05, "split")
    assert (limits.whole.basis, limits.whole.value) == ("rank", 37.0)
    assert limits.whole.level == pytest.approx(2 / 40)
    assert limits.without == {}


def test_too_few_networks_or_families_are_refused() -> None:
    require_left_out(["a", "b", "c"])
    for names, how, word in ((labels(3, 6), "split", "19"), (labels(2, 30), "left_out", "3")):
        with pytest.raises(AlphaNotAttainable, match=word):
            calibration(np.arange(float(len(names))), names, 0.05, how)
