"""Evidence of numbers that no run can give is refused though its digest fits."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.evidence.choices import Chosen, Selection
from evals.evidence.detector_rates import EvidenceError
from evals.evidence.evidence_file import read_evidence, write_evidence
from evals.evidence.rival_explanation import Rival
from made_evidence import make_evidence, sign

HUGE = 10**400
PLACES: list[Callable[[dict[str, Any], Any], object]] = [
    lambda d, x: d["columns"][0]["limit"].update(level=x),
    lambda d, x: d["columns"][0]["limit"].update(families=x),
    lambda d, x: d["columns"][0]["limit"].update(networks=x),
    lambda d, x: d["columns"][0]["cells"][0].update(detected=x),
    lambda d, x: d["columns"][0]["cells"][0].update(attempted=x),
    lambda d, x: d["columns"][0]["cells"][0].update(auroc=x),
    lambda d, x: d["columns"][0]["cells"][0].update(auroc_interval=[0, x]),
    lambda d, x: d["columns"][0]["alarms"][0].update(alarms=x),
    lambda d, x: d["columns"][0].update(cpu_seconds=x),
    lambda d, x: d["columns"][0].update(forward_passes=x),
    lambda d, x: d["population"][0].update(cpu_seconds=x),
    lambda d, x: d["population"][0].update(diverged=x),
    lambda d, x: d["selections"][0].update(contenders=x),
    lambda d, x: d["selections"][0].update(best_rate=x),
    lambda d, x: d["selections"][0].update(median_rate=x),
    lambda d, x: d["selections"][0]["chosen"][0].update(detected=x),
    lambda d, x: d["selections"][0]["chosen"][0].update(of=x),
    lambda d, x: d["killers"][0].update(networks=x),
    lambda d, x: d["killers"][0].update(p_value=x),
    lambda d, x: d.update(alpha=x),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "evidence.json"
    evidence = replace(
        make_evidence({"proxy": (4, 3), "deceptive": (2,)}, of=5),
        killers=(Rival("weight_norm", "maze/proxy_0", "passed", "p = 0.4", 20, 0.4, "weights"),),
        selections=(Selection((Chosen("f", "a", 1, 5),), "proxy", "weights", 2, "a", 0.2, 0.1),),
    )
    write_evidence(evidence, path)
    return path


@pytest.mark.parametrize("number", [HUGE, -HUGE, -1, 2**64, 1e300], ids=str)
@pytest.mark.parametrize("put", PLACES)
def test_a_number_that_no_run_can_give_is_refused_though_signed(
    file: Path, put: Callable[[dict[str, Any], Any], object], number: Any
) -> None:
    data = json.loads(file.read_text("utf-8"))
    put(data, number)
    file.write_text(sign(data), "utf-8")
    with pytest.raises(EvidenceError, match=r"evidence\.json"):
        read_evidence(file)


def test_a_choice_cannot_detect_more_than_there_are(file: Path) -> None:
    data = json.loads(file.read_text("utf-8"))
    data["selections"][0]["chosen"][0]["detected"] = 6
    file.write_text(sign(data), "utf-8")
    with pytest.raises(EvidenceError, match="f: 6 detected of only 5"):
        read_evidence(file)


@pytest.mark.parametrize("more", ['"suite": "evil", ', '"columns": [], ', '"content_sha256": 1, '])
def test_a_key_that_stands_there_twice_makes_evidence_unreadable(file: Path, more: str) -> None:
    file.write_text("{" + more + file.read_text("utf-8")[1:], "utf-8")
    with pytest.raises(EvidenceError, match="stands there twice"):
        read_evidence(file)
