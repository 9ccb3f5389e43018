"""Which code decides a score: digests by which finished scores are found again, or are not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache

from detect.declaration import Declaration
from detect.registry import DETECTORS
from organisms import code

PACKAGES = ("detect", "probes", "organisms")


def code_digest(detector: Declaration, battery_seed: int, device: str) -> str:
    """Digest of everything that decides a score besides the weights.

    Of a detector of this package its module counts, and every module that it, a suspect or an
    organism imports, however far: a new detector leaves the scores of others alone. Of a detector
    from elsewhere the file of its class counts, not what that file imports nor where it lies, and
    all that it may import of this package.
    """
    own = f"{detector.name}:{detector.reference.rpartition(':')[2]}:{detector.code}"
    digest = hashlib.sha256(f"{own}:{battery_seed}:{device}".encode())
    kind = DETECTORS.get(detector.reference)
    everything = (*_modules("detect"), *_modules("probes"))
    start = everything if kind is None else (kind.__module__, "probes.suspect")
    for name in imported((*start, *_modules("organisms"))):
        digest.update(f"{name}:{_source_digest(name)}".encode())
    return digest.hexdigest()[:16]


def imported(start: Iterable[str]) -> tuple[str, ...]:
    """Modules of the detectors' packages that some import at any remove, and the packages'."""
    return tuple(sorted(code.imported((*PACKAGES, *start), packages=PACKAGES, left_out=())))


@cache
def _source_digest(name: str) -> str:
    return hashlib.sha256(code.module_path(name).read_bytes()).hexdigest()


def _modules(package: str) -> Iterator[str]:
    """Every module of a package."""
    for path in sorted((code.ROOT / package).rglob("*.py")):
        parts = path.relative_to(code.ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
