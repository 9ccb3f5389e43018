"""Keep what `mesascope monitor` found by type and family, without single networks.

python benchmarks/monitors.py --suite maze [--environment E] [--home DIR]
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from costs import write_run


def monitors(report: dict[str, Any]) -> dict[str, Any]:
    """Recall, the same inputs on aligned networks, and false positives, monitor by monitor."""
    rows = [
        {key: value for key, value in one.items() if key != "networks"}
        for one in report["monitors"]
    ]
    return {**report, "monitors": rows}


def kept(folder: Path) -> dict[str, Any]:
    """The same of a run's folder."""
    return monitors(json.loads((folder / "monitoring.json").read_text()))


if __name__ == "__main__":
    write_run("monitors", kept, __doc__ or "")
