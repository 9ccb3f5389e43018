"""No option of the command takes NaN or infinity, or a number that would never end."""

from __future__ import annotations

import pytest

from calling import Typed

OPTIONS = (
    ("study", "power", "--alpha"),
    ("study", "power", "--detection"),
    ("study", "mechanism", "--variants-limit"),
    ("study", "monitor", "--alpha"),
    ("study", "lead-time", "--family", "x", "--bar"),
    ("probe", "x", "--alpha"),
    ("risk", "--evidence", "x", "--decision-level"),
    ("gate", "--evidence", "x", "--transport"),
)
HUGE = (
    ("study", "power", "--families"),
    ("study", "power", "--networks"),
    ("study", "monitor", "--calibration"),
    ("study", "monitor", "--instances"),
    ("probe", "x", "--instances"),
    ("probe", "x", "--shuffles"),
    ("run", "--workers"),
    ("study", "lead-time", "--family", "x", "--organisms"),
)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
@pytest.mark.parametrize("words", OPTIONS, ids=" ".join)
def test_a_number_that_is_not_finite_is_refused(
    words: tuple[str, ...], value: str, typed: Typed
) -> None:
    assert "Invalid value" in typed(*words, value, code=2)


@pytest.mark.parametrize("words", HUGE, ids=" ".join)
def test_a_number_without_end_is_refused(words: tuple[str, ...], typed: Typed) -> None:
    assert "Invalid value" in typed(*words, "9223372036854775807", code=2)
