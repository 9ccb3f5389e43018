"""Which versions of packages are at work."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

SOURCE = "run from its source"
"""Version of a package that is imported without being installed, as from a checkout."""

PACKAGES = ("mesascope", "torch", "transformer-lens", "scikit-learn", "numpy", "scipy")
"""What figures depend on."""


def package_versions() -> dict[str, str]:
    """Versions of `PACKAGES`."""
    return {name: package_version(name) for name in PACKAGES}


def package_version(package: str) -> str:
    """Version of an installed package, `SOURCE` where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return SOURCE
