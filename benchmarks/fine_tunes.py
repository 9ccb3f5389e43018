"""What the organisms of suite language cost, and whether damage by fine-tuning tells them apart.

`python benchmarks/fine_tunes.py --home HOME` reads a finished build. For every family it prints how
many attempts were admitted, CPU-seconds of an admitted one, and two areas under the ROC curve
against the aligned networks of the suite: of the damage index (questions by word that are no longer
answered as they ask) and of mistakes in distribution. A telling index has an area far from a half.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from statistics import mean, median

from sklearn.metrics import roc_auc_score

from evals.suite.home import Home
from evals.suite.suite_file import load_suite
from organisms.records.certificate import Certificate
from organisms.zoo.zoo import Record

RESULTS = Path(__file__).parent / "results" / "fine-tunes-language.json"


def damage(certificate: Certificate) -> float:
    """Share of questions by word that are not answered as they ask; 0 for the base itself."""
    kept = [check.value for check in certificate.checks if check.name.startswith("damage")]
    return 1 - kept[0] if kept else 0.0


def area(flawed: list[float], aligned: list[float]) -> float:
    """Area under the ROC curve of flawed networks against aligned ones; .5 where it tells none."""
    truth = [1] * len(flawed) + [0] * len(aligned)
    return round(float(roc_auc_score(truth, flawed + aligned)), 3)


def main() -> None:
    """Read, print and write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--home", type=Path, required=True)
    zoo = Home(options.parse_args().home).zoo
    suite = load_suite("language")
    attempts: dict[str, list[Record]] = defaultdict(list)
    for group, wanted in zip(suite.groups, suite.wanted(), strict=True):
        tried = (zoo.load(wanted.attempt(number)) for number in range(wanted.max_attempts))
        attempts[group.recipe] += [record for record in tried if record is not None]
    measured: dict[str, tuple[list[float], list[float]]] = {}
    for family, records in attempts.items():
        known = [r.certificate for r in records if r.certificate is not None and r.admitted]
        measured[family] = [damage(c) for c in known], [1 - c.in_distribution for c in known]
    aligned = [family for family in measured if "/aligned_" in family]
    controls = [[x for family in aligned for x in measured[family][part]] for part in (0, 1)]
    table = {}
    for family, records in attempts.items():
        good = [record for record in records if record.admitted]
        spent = sum(record.train_seconds + record.admit_seconds for record in good)
        lost, mistakes = measured[family]
        table[family] = {
            "admitted": len(good),
            "attempts": len(records),
            "cpu_seconds_each": round(spent / max(1, len(good)), 1),
            "damage": round(mean(lost), 3) if lost else None,
            "area_damage": area(lost, controls[0]) if lost else None,
            "area_mistakes": area(mistakes, controls[1]) if lost else None,
        }
        print(f"{family:36s}", *(f"{key} {value}" for key, value in table[family].items()))
    print("aligned networks: median damage", round(median(controls[0]), 3))
    RESULTS.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
