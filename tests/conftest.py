"""Shapes in signatures are checked while the tests run; the tiny suite is built once."""

from __future__ import annotations

import os
import shutil
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from filelock import FileLock

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from jaxtyping import install_import_hook

    install_import_hook(["organisms", "probes", "detect", "evals"], "beartype.beartype")
    import transformer_lens  # noqa: F401  its import warns about packages we do not use

torch.set_num_threads(1)

if TYPE_CHECKING:
    from calling import GuestOf, Typed
    from evals.running.run import Finished
    from evals.suite.home import Home
    from evals.suite.suite import Suite


@pytest.fixture(scope="session")
def tiny() -> Suite:
    """The suite that tests train for real."""
    from evals.suite.suite_file import load_suite

    return load_suite("tiny")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Where the tiny suite is built; tests read it and never write to it."""
    from evals.suite.home import Home

    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def finished(tiny: Suite, home: Home, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """The tiny suite, trained, admitted, scored blind and judged.

    Where several processes share the tests, one builds it and each has a copy of its own.
    """
    from evals.running.run import Progress, measured
    from evals.scoring.workers import default_workers
    from evals.suite.home import Home

    def built(place: Home) -> Finished:
        silent = Progress(on_attempt=lambda record: None, on_row=lambda row: None)
        return measured(tiny, place, workers=default_workers(), device="cpu", progress=silent)

    if "PYTEST_XDIST_WORKER" in os.environ:
        first = Home(tmp_path_factory.getbasetemp().parent / "home")
        with FileLock(first.root.with_suffix(".lock")):
            if not first.root.exists():
                built(first)
            shutil.copytree(first.root, home.root, dirs_exist_ok=True)
    return built(home)


@pytest.fixture(scope="session")
def guest_of(finished: Finished) -> GuestOf:
    """Score a detector, given by reference, on the finished suite."""
    from evals.guests.arrival import invited
    from evals.guests.guest import GuestScore, score_guest

    def scored(reference: str) -> GuestScore:
        with invited(reference, workers=1) as guest:
            return score_guest(finished, guest, device="cpu", on_row=lambda row: None)

    return scored


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    """Call the command, require its exit code, and say what it printed without its line breaks."""
    from calling import called

    def typed(*words: str | Path, code: int = 0) -> str:
        assert called(monkeypatch, *map(str, words)) == code
        printed = "".join(capsys.readouterr()).replace("│", " ")
        assert code != 2 or "Traceback" not in printed
        return " ".join(printed.split())

    return typed
