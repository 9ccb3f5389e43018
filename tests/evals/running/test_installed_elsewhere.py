"""A detector gives a reference organism the same score here, after a journey, and from a wheel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from detect.registry import load_detector
from evals.scoring.score_table import score_once
from evals.suite.home import Home
from mesascope import load_reference
from mesascope.organism import Organism
from organisms.growing.population import Wanted
from organisms.travel.archive import export_archive, import_archive
from organisms.travel.reference import take_reference

ROOT = Path(__file__).parents[3]
DETECTOR = "ood_battery"
MIB = 2**20

ELSEWHERE = """
import json
from pathlib import Path
import mesascope, detect
from detect.registry import load_detector
from evals.scoring.score_table import score_once
kind = load_detector("ood_battery")
organism = mesascope.load_reference("smoke")[5]
print(json.dumps([str(Path(detect.__file__).parents[1]), organism.spec.content_hash,
                  score_once(kind, organism.suspect(kind.access), "").value]))
"""


def score_of(organism: Organism) -> float | None:
    kind = load_detector(DETECTOR)
    return score_once(kind, organism.suspect(kind.access), "").value


def test_a_score_outlives_export_and_import(tmp_path: Path) -> None:
    organism = load_reference("smoke")[5]
    there, here = Home(tmp_path / "there").zoo, Home(tmp_path / "here").zoo
    take_reference(there, [Wanted(organism.spec, 1, 1)])
    export_archive(there, tmp_path / "set.json", [organism.spec])
    import_archive(here, tmp_path / "set.json")
    record = here.load(organism.spec)
    assert record is not None
    assert score_of(Organism(record, here.weights(organism.spec))) == score_of(organism)


@pytest.mark.slow
def test_a_wheel_of_30_mb_gives_the_same_score_in_another_folder(tmp_path: Path) -> None:
    if int(version("setuptools").partition(".")[0]) < 77:
        pytest.skip("this environment cannot build a wheel without the network")
    words = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path)]
    subprocess.run([sys.executable, "-m", "pip", *words, str(ROOT)], check=True)
    wheel = next(tmp_path.glob("*.whl"))
    assert wheel.stat().st_size <= 30 * MIB
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    (tmp_path / "elsewhere").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE], check=True, capture_output=True, text=True,
        cwd=tmp_path / "elsewhere", env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
    )  # fmt: skip
    place, identity, value = json.loads(done.stdout.splitlines()[-1])
    organism = load_reference("smoke")[5]
    assert place == str(tmp_path / "site")
    assert (identity, value) == (organism.spec.content_hash, score_of(organism))
