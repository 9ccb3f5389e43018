"""The severity link: its formula, its bounds and its direction."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.risk.beliefs import SeverityLink
from evals.risk.figures import MISALIGNMENT_TYPES
from evals.risk.judged import JudgedLognormal


def at(link: SeverityLink, multiple: float, uniform: float = 0.5) -> np.ndarray:
    """Severity with kappa at one of its quantiles."""
    return link.at(np.array([multiple]), link.kappa.at(np.array([uniform])))


def test_formula_at_the_median_kappa() -> None:
    degree = dict(zip(MISALIGNMENT_TYPES, (0.3, 0.5, 0.75, 1.0), strict=True))
    link = SeverityLink(kappa=JudgedLognormal(math.log(0.02), 0.5), phi=0.8, degree=degree)
    expected = [0.8 * (1 - math.exp(-0.02 * 50 * m**1.5)) for m in degree.values()]
    assert at(link, 50.0)[0] == pytest.approx(expected, rel=1e-12)


def test_small_hazard_is_linear_and_large_hazard_saturates() -> None:
    small = at(SeverityLink(kappa=JudgedLognormal(math.log(1e-12), 0.0)), 7.0)
    assert small == pytest.approx(7e-12, rel=1e-9)
    large = at(SeverityLink(phi=0.25), 1e9)
    assert large == pytest.approx(0.25)


@settings(derandomize=True)
@given(
    multiple=st.floats(0.1, 1e4),
    more=st.floats(1, 10),
    uniform=st.floats(0.001, 0.998),
    degree=st.floats(0, 1),
)
def test_severity_rises_with_every_cause(
    multiple: float, more: float, uniform: float, degree: float
) -> None:
    link = SeverityLink(degree=dict.fromkeys(MISALIGNMENT_TYPES, degree))
    base = at(link, multiple, uniform)
    assert np.all((base >= 0) & (base <= 1))
    assert np.all(at(link, multiple * more, uniform) >= base)
    assert np.all(at(link, multiple, uniform + 0.001) >= base)
    assert np.all(at(SeverityLink(), multiple, uniform) >= base)


def test_bad_links_are_refused() -> None:
    with pytest.raises(ValueError, match=r"phi 0\.0"):
        SeverityLink(phi=0.0)
    with pytest.raises(ValueError, match="degrees"):
        SeverityLink(degree={"proxy": 1.0})
    with pytest.raises(ValueError, match="degrees"):
        SeverityLink(degree=dict.fromkeys(MISALIGNMENT_TYPES, 2.0))
