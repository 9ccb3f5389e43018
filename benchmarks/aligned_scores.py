"""Write how aligned networks' scores are distributed, and draw them against normal quantiles.

python benchmarks/aligned_scores.py --suite maze [--home DIR]
python benchmarks/aligned_scores.py    # only print the alarms of all worlds written so far

The limit for a new aligned family supposes normal scores. Per detector: what its limit rests on,
the skewness, the Shapiro-Wilk p-value of scores about their family means, and alarms by family,
each family judged by the others. The picture has a panel for every limit that rests on the model.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from costs import RESULTS, write_result
from evals.judging.entry import Entry, detector_entries, rule_entries
from evals.judging.opened_scores import OpenedScores
from evals.judging.stack import stack_entry
from evals.running.run import reopen
from evals.suite.home import Home
from evals.suite.suite_file import load_suite
from probes.parsing import parse_json

COLUMNS = 4


def about_families(judged: OpenedScores, entry: Entry) -> np.ndarray:
    """Scores of aligned networks less the mean of their family, in standard deviations."""
    scores, families = entry.scores[judged.aligned], judged.families[judged.aligned]
    centred = np.concatenate(
        [scores[families == name] - scores[families == name].mean() for name in np.unique(families)]
    )
    return np.asarray(centred / centred.std(ddof=1))


def described(judged: OpenedScores, entry: Entry) -> dict[str, Any]:
    """One detector's limit and the scores behind it."""
    limits = judged.calibrate(entry.scores)
    rows = judged.alarms(entry.scores, limits)
    found: dict[str, Any] = {
        "basis": limits.whole.basis,
        "why": limits.whole.why,
        "alarms": sum(row.alarms for row in rows),
        "of": sum(row.of for row in rows),
        "by_family": {row.group: f"{row.alarms}/{row.of}" for row in rows if row.alarms},
    }
    if limits.whole.basis == "random_effects":
        residual = about_families(judged, entry)
        found |= {
            "skewness": limits.whole.skewness,
            "shapiro_p": float(stats.shapiro(residual).pvalue),
        }
    return found


def draw(judged: OpenedScores, entries: list[Entry], path: Path) -> None:
    """Normal quantile plots of every score whose limit rests on the model."""
    shown = [e for e in entries if judged.calibrate(e.scores).whole.basis == "random_effects"]
    rows = -(-len(shown) // COLUMNS)
    figure = Figure(figsize=(2.3 * COLUMNS, 2.0 * rows), layout="constrained")
    for axes, entry in zip(figure.subplots(rows, COLUMNS).flat, shown, strict=False):
        points, (slope, centre, _) = stats.probplot(about_families(judged, entry))
        axes.plot(*points, ".", markersize=3)
        axes.plot(points[0], slope * points[0] + centre, linewidth=0.8)
        axes.set_title(entry.name, fontsize=8)
        axes.tick_params(labelsize=6)
    for axes in list(figure.axes)[len(shown) :]:
        axes.set_axis_off()
    figure.supxlabel("normal quantile", fontsize=8)
    figure.supylabel("score about its family's mean, in standard deviations", fontsize=8)
    figure.savefig(path, dpi=90)


def print_alarms() -> None:
    """Alarms of aligned networks by what their limit rests on, without the rule's restrictions."""
    for path in sorted(RESULTS.glob("aligned-scores-*.json")):
        content = parse_json(path.read_bytes(), path)
        kept = [row for name, row in content["detectors"].items() if "@" not in name]
        for basis in sorted({row["basis"] for row in kept}):
            rows = [row for row in kept if row["basis"] == basis]
            alarms, of = (sum(row[part] for row in rows) for part in ("alarms", "of"))
            print(
                f"{content['suite']}, {len(rows)} limits by {basis.replace('_', ' ')}: "
                f"{alarms} of {of} ({alarms / of:.3f})"
            )


def write_scores(suite: str, home: Path) -> None:
    """Write the figures and the picture of a suite that has been run."""
    finished = reopen(load_suite(suite), Home(home))
    judged = finished.judged
    detectors = finished.suite.detectors
    entries = [*detector_entries(judged, detectors), *rule_entries(judged)]
    disguises = [one for one in finished.evidence.killers if one.name == "disguise"]
    order = [one.subject for one in disguises if one.verdict == "void"]
    stack = stack_entry(judged, detectors, without=order)
    entries = [entry for entry in (*entries, *([stack] if stack else [])) if "/" not in entry.name]
    content = {
        "suite": finished.suite.name,
        "aligned_families": np.unique(judged.families[judged.aligned]).tolist(),
        "detectors": {entry.name: described(judged, entry) for entry in entries},
    }
    path = RESULTS / f"aligned-scores-{suite}.json"
    write_result(path, content)
    draw(judged, entries, path.with_suffix(".png"))
    print(path)


def main() -> None:
    """Write `results/aligned-scores-SUITE.json` and the picture beside it, and print alarms."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite", help="a suite that has been run")
    parser.add_argument("--home", type=Path, default=Path(), help="folder of runs/")
    options = parser.parse_args()
    if options.suite is not None:
        write_scores(options.suite, options.home)
    print_alarms()


if __name__ == "__main__":
    main()
