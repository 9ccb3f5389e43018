"""`pytest --mesascope-detector pkg.mod:Class`: contract tests of a detector, then its score card.

Every pytest run of a machine where we are installed loads this file. So its options have names that
nobody else takes, and without the first of them nothing of ours and no torch is imported.
"""

from __future__ import annotations

from pathlib import Path

import pytest

DETECTOR, SUITE, HOME = "--mesascope-detector", "--mesascope-suite", "--mesascope-home"
CONTRACT = Path(__file__).parents[1] / "guests" / "detector_contract.py"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("mesascope", "detectors of mesascope")
    group.addoption(
        DETECTOR,
        default=None,
        metavar="REFERENCE",
        help="check the contract of pkg.mod:Class or file.py:Class, then print its score card",
    )
    group.addoption(
        SUITE,
        default="smoke",
        metavar="SUITE",
        help="finished run that the score card is made on (default: %(default)s)",
    )
    group.addoption(
        HOME,
        default=".",
        metavar="FOLDER",
        help="folder of .mesascope/ and runs/ (default: here)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Collect the contract tests: alone, or beside the paths that were named."""
    if config.getoption(DETECTOR) is None:
        return
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    config.args = [*(config.args if named else []), str(CONTRACT)]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """Print the score card of a detector that keeps the contract, once that was tested."""
    reference = config.getoption(DETECTOR)
    tried = any(terminalreporter.stats.get(what) for what in ("passed", "failed", "error"))
    if reference is None or not tried:
        return
    terminalreporter.section("score card")
    if exitstatus != pytest.ExitCode.OK:
        terminalreporter.write_line("none: a contract test failed; its scores would mean nothing")
        return
    suite, home = config.getoption(SUITE), config.getoption(HOME)
    terminalreporter.write_line(_card(reference, suite, Path(home)))


def _card(reference: str, suite: str, home: Path) -> str:
    """The score card on a finished run as text, or why there is none."""
    from concurrent.futures import BrokenExecutor

    from evals.guests.score_detector import score_detector
    from probes.errors import MesascopeError, printable

    try:
        return str(score_detector(reference, suite, home=home))
    except (MesascopeError, BrokenExecutor, OSError) as error:
        return printable(f"none: {error}")
