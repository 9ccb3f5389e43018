"""Shapes in signatures are checked while the tests run; the tiny suite is built once."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from jaxtyping import install_import_hook

    install_import_hook(["organisms", "probes", "detect", "evals"], "beartype.beartype")
    import transformer_lens  # noqa: F401  its import warns about packages we do not use

torch.set_num_threads(1)

if TYPE_CHECKING:
    from evals.home import Home
    from evals.run import Finished
    from evals.suite import Suite


@pytest.fixture(scope="session")
def tiny() -> Suite:
    """The suite that tests train for real."""
    from evals.suite_file import load_suite

    return load_suite("tiny")


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Where the tiny suite is built; tests read it and never write to it."""
    from evals.home import Home

    root: Path = tmp_path_factory.mktemp("home")
    return Home(root)


@pytest.fixture(scope="session")
def finished(tiny: Suite, home: Home) -> Finished:
    """The tiny suite, trained, admitted, scored blind and judged."""
    from evals.run import Progress, run
    from evals.workers import default_workers

    silent = Progress(on_attempt=lambda record: None, on_row=lambda row: None)
    return run(tiny, home, workers=default_workers(), device="cpu", progress=silent)
