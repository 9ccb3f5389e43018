"""`mesascope risk` and `mesascope gate` on the evidence of a real run, and `mesascope power`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from calling import called
from evals.evidence.evidence_file import write_evidence
from evals.evidence.sweep import Sweep, SweepCount
from evals.gate.incident import read_incident
from evals.running.run import Finished
from evals.suite.suite_file import BUILT_IN
from signing import sign

TINY = str(BUILT_IN / "tiny.toml")
QUICK = ("--draws", "10000")


@pytest.fixture
def file(finished: Finished, tmp_path: Path) -> Path:
    path = tmp_path / "evidence.json"
    write_evidence(finished.evidence, path)
    return path


def edited(path: Path, **changes: Any) -> Path:
    """The file with keys changed and the digest made right again, or left wrong."""
    signed = changes.pop("signed", True)
    data = json.loads(path.read_text())
    data.update(changes)
    other = path.with_name("edited.json")
    other.write_text(sign(data) if signed else json.dumps(data))
    return other


def test_the_report_is_printed_written_and_drawn(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, figures = file.with_name("risk.json"), file.with_name("figures")
    words = ("risk", "--evidence", str(file), "--json", str(out), "--figures", str(figures))
    assert (
        called(monkeypatch, *words, "--horizon", "medium_term", "--transport", "0.5", *QUICK) == 0
    )
    printed = capsys.readouterr().out
    for phrase in (
        "Transport weight 0.5, stated instead of 0.2",
        "What access buys, medium term", "Readings of the same evidence, medium term",
        "What matters, medium term, weight 0.5", "Next best measurement",
        "At transport weight 0.5 the expected residual risk",
        "subgoal: not measured", "strained: Up to medium term",
        "as the world is",
    ):  # fmt: skip
        assert phrase in printed, phrase
    report = json.loads(out.read_text())
    assert (report["scenario"], report["transport"]["weight"]) == ("medium_term", 0.5)
    for name in ("waterfall", "fan", "information"):
        root = ElementTree.parse(figures / f"{name}.svg").getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.slow
def test_priors_suppositions_and_a_second_file_change_the_answer(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def near(*words: str) -> dict[str, float]:
        out = tmp_path / "out.json"
        assert called(
            monkeypatch, "risk", "--evidence", str(file), "--json", str(out), *QUICK, *words
        ) == 0  # fmt: skip
        rows = json.loads(out.read_text())["update"]["rows"]
        (row,) = (r for r in rows if r["scenario"] == "near_term" and r["weight"] == 1)
        return {name: row[name]["mean"] for name in ("unmitigated", "residual")}

    usual = near()
    priors = tmp_path / "mine.toml"
    priors.write_text("[horizon.near_term]\nemergence = [0.01, 0.05]\n")
    assert near("--priors", str(priors))["unmitigated"] < usual["unmitigated"]
    supposed = near("--what-if", "detect.deceptive=1", "--what-if", "correct.deceptive=1")
    assert supposed["residual"] < usual["residual"]
    assert supposed["unmitigated"] == usual["unmitigated"]
    count = SweepCount("maze/proxy_corner", "spontaneous", 20, 0, 0)
    sweep = tmp_path / "sweep.json"
    write_evidence(Sweep("dose", "a" * 64, "2026-11-01", "2026-11-02", (count,), {}), sweep)
    assert near("--evidence", str(sweep))["unmitigated"] < usual["unmitigated"]
    assert near("--evidence", str(file)) == usual, "a file given twice counts once"


def bad(
    words: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert called(monkeypatch, *words) == 2
    captured = capsys.readouterr()
    text = " ".join((captured.out + captured.err).replace("│", " ").split())
    assert message in text, text
    assert "Traceback" not in text


def test_impossible_priors_are_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    priors = file.with_name("mine.toml")
    priors.write_text("[type.proxi]\nsuccess = [0.1, 0.2]\n")
    words = ("risk", "--evidence", str(file), "--priors", str(priors), *QUICK)
    bad(words, "unknown key 'proxi'", monkeypatch, capsys)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--what-if", "detect.decptive=0.8"), "what if 'detect.decptive'"),
        (("--what-if", "detect.deceptive=8"), "wanted a probability"),
        (("--horizon", "soon"), "unknown scenario 'soon'"),
        (("--transport", "1.2"), "transport weight 1.2 is outside [0, 1]"),
        (("--transport", "small=0.2"), "unknown steps"),
        (("--decision-level", "-1"), "greater than or equal to 0"),
        (("--draws", "10"), "greater than or equal to 10000"),
        (("--priors", "missing.toml"), "missing.toml"),
        (("--evidence", "missing.json"), "no evidence at missing.json"),
    ],
)
def test_impossible_questions_are_refused(
    file: Path,
    words: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bad(("risk", "--evidence", str(file), *words), message, monkeypatch, capsys)


def test_evidence_that_cannot_be_used_is_refused(
    file: Path,
    finished: Finished,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refused(message: str, *paths: Path) -> None:
        words = [word for path in paths for word in ("--evidence", str(path))]
        bad(("risk", *words, *QUICK), message, monkeypatch, capsys)

    refused("newer schema", edited(file, schema="mesascope.evidence/9"))
    refused("not what was written", edited(file, alpha=0.01, signed=False))
    population = tuple(
        replace(row, spec_hashes=tuple(f"x{h}" for h in row.spec_hashes))
        for row in finished.evidence.population
    )
    other = replace(
        finished.evidence, scores_sha256="x", suite="other", alpha=0.05, population=population
    )
    write_evidence(other, file.with_name("other.json"))
    refused("mixed alphas", file, file.with_name("other.json"))
    refused("would count twice", file, edited(file, scores_sha256="y"))


def test_the_gate_trips_on_a_run_and_records_the_incident(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = file.with_name("incidents")
    words = ("gate", "--evidence", str(file), "--incident", str(folder))
    assert called(monkeypatch, *words) == 1
    assert "types.unmeasured is" in capsys.readouterr().out
    (record,) = folder.glob("*.json")
    assert read_incident(record).subject.kind == "run"


def test_the_gate_passes_where_the_policy_is_met(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = file.with_name("policy.toml")
    policy.write_text(
        'schema = 1\nname = "lax"\n[[rule]]\nname = "risk"\napplies_to = "run"\n'
        'when = "residual.near_term.pooled.q95"\nabove = 0.9\naction = "stop"\nbecause = "high"\n'
    )
    words = ("gate", "--evidence", str(file), "--policy", str(policy))
    assert called(monkeypatch, *words) == 0
    assert "passed: 1 rules of 'lax' hold" in capsys.readouterr().out
    suspect = ("gate", "--suspect", "x", "--suite", TINY, "--home", str(file.parent))
    bad(suspect, "no frozen scores", monkeypatch, capsys)
    bad((*suspect, "--transport", "0.5"), "a suspect has none", monkeypatch, capsys)
    bad((*words, "--transport", "1"), "less than or equal to 0.99", monkeypatch, capsys)
    policy.write_text(policy.read_text().replace("residual.near", "residul.near"))
    bad(words, "did you mean residual.near_term", monkeypatch, capsys)
    bad(("gate",), "give one of --evidence", monkeypatch, capsys)


def test_the_gate_stops_a_flagged_suspect_and_not_a_quiet_one(
    finished: Finished, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    judged = finished.judged
    home = str(finished.folder.parents[1])
    scores = judged.largest_scores(judged.rule.detectors)
    rule = finished.evidence.column(finished.evidence.rule)
    for member, score in zip(judged.members, scores, strict=True):
        words = ("gate", "--suspect", member.id, "--suite", TINY, "--home", home)
        if member.role == "calibration":
            bad(words, "set the threshold", monkeypatch, capsys)
            continue
        assert called(monkeypatch, *words) == int(rule.flags(float(score)))
    assert any(rule.flags(float(score)) for score in scores)


def test_power_says_what_a_size_can_show(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, "power", "--families", "2", "--networks", "10") == 0
    assert "0.139" in capsys.readouterr().out, "the bound that 20 controls without alarm leave"
    bad(("power", "--alpha", "2"), "outside (0, 1)", monkeypatch, capsys)
    bad(("power", "--detection", "1"), "outside (0, 1)", monkeypatch, capsys)
