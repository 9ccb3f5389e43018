"""What several tests of growing share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import first_steps


@pytest.fixture
def double() -> Iterator[None]:
    """Networks are built and data drawn in double precision."""
    with first_steps.double():
        yield
