"""The `mesascope` command, also as `python -m mesascope`."""

from __future__ import annotations

import sys

from mesascope.packages import require_own_packages

BAD_INPUT = 2


def main() -> None:
    """Run the command, unless packages of another project hide ours."""
    try:
        require_own_packages()
    except ImportError as error:
        print(f"mesascope: {error}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    from evals.command.cli import main as run_command

    run_command()


if __name__ == "__main__":
    main()
