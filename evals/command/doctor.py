"""Whether this machine can do the work, and what to do where it cannot: `mesascope doctor`."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile
from typing import Literal

import typer

from evals.command.command import keep
from evals.command.console import console
from evals.command.options import HomeOption
from probes.arguments import require_fields

LEAST_MEMORY, LEAST_DISK = 2.0, 0.5
"""GiB: two processes with torch, and the organisms of a small suite."""

EXTRAS = {"ray": "ray", "inspect": "inspect_ai"}
"""Optional extra -> the module that it brings."""


@dataclass(frozen=True)
class Check:
    """One thing looked at.

    Attributes:
        state: `fine`; `note`, something that is not there and need not be; or `blocks`.
        found: what is there.
        remedy: what to do; empty where nothing need be done.
    """

    name: str
    state: Literal["fine", "note", "blocks"]
    found: str
    remedy: str = ""

    def __post_init__(self) -> None:
        require_fields(self)


def doctor(home: HomeOption = Path()) -> None:
    """Look at Python, packages, processors, memory and disk; exit code 1 when something blocks."""
    checks = tuple(examined(home))
    blocked = any(check.state == "blocks" for check in checks)
    keep({"ready": not blocked, "checks": [asdict(check) for check in checks]})
    for check in checks:
        remedy = f"; {check.remedy}" if check.remedy else ""
        console.print(f"{check.state:7} {check.name}: {check.found}{remedy}", highlight=False)
    verdict = "something blocks mesascope here" if blocked else "mesascope can work here"
    console.print(verdict, highlight=False)
    if blocked:
        raise typer.Exit(1)


def examined(home: Path) -> Iterator[Check]:
    """Everything that is looked at, in the order in which it is shown."""
    yield Check("Python", "fine", platform.python_version())
    yield from _packages()
    yield _cuda()
    yield Check("processors", "fine", f"{len(os.sched_getaffinity(0))}")
    yield _memory()
    yield from _home(home)
    for extra, module in EXTRAS.items():
        there = find_spec(module) is not None
        remedy = "" if there else f"pip install 'mesascope[{extra}]' where it is wanted"
        state: Literal["fine", "note"] = "fine" if there else "note"
        yield Check(f"extra {extra}", state, "installed" if there else "not installed", remedy)


def _packages() -> Iterator[Check]:
    """Every required package, as far as its version is not the one asked for; torch always."""
    from packaging.requirements import Requirement

    try:
        wanted = [Requirement(text) for text in requires("mesascope") or ()]
        yield Check("mesascope", "fine", metadata("mesascope")["Version"])
    except PackageNotFoundError:
        remedy = "pip install --editable . in its folder, and versions can be checked"
        yield Check("mesascope", "note", "run from its source, not installed", remedy)
        return
    for one in wanted:
        if one.marker is not None and not one.marker.evaluate({"extra": ""}):
            continue
        remedy = f"pip install '{one.name}{one.specifier}'"
        try:
            found = version(one.name)
        except PackageNotFoundError:
            yield Check(one.name, "blocks", "not installed", remedy)
            continue
        if not one.specifier.contains(found, prereleases=True):
            yield Check(one.name, "blocks", f"{found}, wanted {one.specifier}", remedy)
        elif one.name == "torch":
            yield Check("torch", "fine", f"{found}, wanted {one.specifier}")


def _cuda() -> Check:
    try:
        import torch
    except (ImportError, OSError) as error:
        return Check("CUDA", "blocks", f"torch cannot be loaded: {error}", "install torch again")
    if torch.cuda.is_available():
        return Check("CUDA", "fine", torch.cuda.get_device_name(0))
    return Check("CUDA", "note", "no device; everything runs on processors")


def _memory() -> Check:
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.is_file() and (text := limit.read_text(encoding="utf-8").strip()).isdigit():
        gib = min(gib, int(text) / 2**30)
    if gib >= LEAST_MEMORY:
        return Check("memory", "fine", f"{gib:.1f} GiB")
    remedy = f"{LEAST_MEMORY:g} GiB are wanted; give --workers 1"
    return Check("memory", "note", f"{gib:.1f} GiB", remedy)


def _home(home: Path) -> Iterator[Check]:
    """The folder that organisms and runs are kept in, or the one that it would be made in."""
    place = next((one for one in (home, *home.absolute().parents) if one.exists()), Path("/"))
    try:
        with TemporaryFile(dir=place):
            yield Check("home", "fine", f"{place.absolute()} can be written")
    except OSError as error:
        yield Check("home", "blocks", f"{place.absolute()}: {error}", "give another --home")
        return
    free = shutil.disk_usage(place).free / 2**30
    remedy = f"{LEAST_DISK:g} GiB are wanted; give another --home"
    if free >= LEAST_DISK:
        yield Check("disk", "fine", f"{free:.1f} GiB free")
    else:
        yield Check("disk", "blocks", f"{free:.2f} GiB free", remedy)
