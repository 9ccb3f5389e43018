"""What an organism and a figure were made with: packages, and the source that grows organisms."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).parents[2]

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


@cache
def organism_code() -> str:
    """SHA-256 over everything in `organisms` and `probes`, 16 digits; it decides nothing."""
    digest = hashlib.sha256()
    for path in sorted((*(ROOT / "organisms").rglob("*.py"), *(ROOT / "probes").rglob("*.py"))):
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
