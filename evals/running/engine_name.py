"""Names of the engines, light enough for the command line's help."""

from __future__ import annotations

from enum import StrEnum


class EngineName(StrEnum):
    """Where organisms are grown."""

    local = "local"
    ray = "ray"
