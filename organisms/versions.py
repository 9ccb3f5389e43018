"""Which versions of packages are at work."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

SOURCE = "run from its source"
"""Version of a package that is imported without being installed, as from a checkout."""


def package_version(package: str) -> str:
    """Version of an installed package, `SOURCE` where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return SOURCE
