"""Keep what `mesascope study monitor` found by type and family, without single networks.

python benchmarks/monitors.py --suite maze [--environment E] [--home DIR]
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from costs import write_run
from probes.parsing import parse_json

COMPARED = {
    "recall": "recall",
    "novelty": "same_inputs_on_aligned",
    "spared": "same_network_behaving",
    "told": "auroc_against_usual",
    "told_from_aligned": "auroc_against_aligned",
    "told_from_spared": "auroc_against_behaving",
}
"""Figure in the report -> how a reader calls it."""


def monitors(report: dict[str, Any]) -> dict[str, Any]:
    """Recall, its controls and the usual inputs flagged, monitor by monitor."""
    return {
        **{key: value for key, value in report.items() if key not in ("schema", "monitors")},
        "monitors": {one["name"]: _monitor(one) for one in report["monitors"]},
    }


def _monitor(one: dict[str, Any]) -> dict[str, Any]:
    alarms = one["false_alarms"]
    low, high = alarms["normal"]
    return {
        "role": one["role"],
        "access": one["access"],
        "usual_inputs_flagged": f"{alarms['flagged']} of {alarms['of']}",
        "normal_if_all_is_well": f"{low:.4f}-{high:.4f}",
        "types": {rates["group"]: _rates(rates) for rates in one["types"]},
        "families": {rates["group"]: _rates(rates) for rates in one["families"]},
    }


def _rates(rates: dict[str, Any]) -> dict[str, Any]:
    counts = {key: rates[key] for key in ("families", "networks", "blind", "harmless")}
    return counts | {words: _share(rates[key]) for key, words in COMPARED.items()}


def _share(mean: dict[str, Any]) -> str:
    """Mean over families or networks with its 95% interval."""
    if mean["value"] is None:
        return "none"
    low, high = mean["interval"]
    return f"{mean['value']:.2f} ({low:.2f}-{high:.2f})"


def kept(folder: Path) -> dict[str, Any]:
    """The same of a run's folder."""
    return monitors(parse_json((folder / "monitoring.json").read_bytes(), "monitoring.json"))


if __name__ == "__main__":
    write_run("monitors", kept, __doc__ or "")
