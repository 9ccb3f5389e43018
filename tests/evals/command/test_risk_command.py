"""`mesascope risk` and `mesascope gate` on evidence of a real run, and `mesascope study power`."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import pytest

from calling import Typed
from evals.evidence.evidence_file import write_evidence
from evals.evidence.sweep import Sweep, SweepCount
from evals.gate import facts
from evals.gate.incident import read_incident
from evals.risk import sobol
from evals.risk.analysis import analyse
from evals.risk.counts import REPORTED
from evals.risk.figures import load_figures, priors_template_text
from evals.risk.merged import PUBLIC
from evals.running.run import Finished
from evals.suite.suite_names import BUILT_IN

COUNTS = Path(__file__).parents[3] / "docs" / "counts.csv"
TINY = str(BUILT_IN / "tiny.toml")
QUICK = ("--draws", "10000")
LAX = """
schema = 1
name = "lax"
[[rule]]
name = "risk"
applies_to = "run"
when = "residual.near_term.pooled.q95"
above = 0.9
action = "stop"
because = "high"
"""


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test of this file rests on the precision of a risk."""
    monkeypatch.setattr(sobol, "LOG2_DRAWS", 6)
    monkeypatch.setattr(facts, "analyse", partial(analyse, draws=10_000))


@pytest.fixture
def file(finished: Finished, tmp_path: Path) -> Path:
    path = tmp_path / "evidence.json"
    write_evidence(finished.evidence, path)
    return path


def test_the_report_is_printed_written_and_drawn(file: Path, typed: Typed) -> None:
    out, figures = file.with_name("risk.json"), file.with_name("figures")
    words = ("risk", "--evidence", file, "--json", out, "--figures", figures, *QUICK)
    printed = typed(*words, "--horizon", "medium_term", "--transport", "0.5")
    for phrase in (
        "How does measured detection change", "residual, weight 0.5", "(medium term)",
        "Nobody measured detection for subgoal", "More: --json FILE",
    ):  # fmt: skip
        assert phrase in printed, phrase
    report = json.loads(out.read_text())
    assert (report["scenario"], report["transport"]["weight"]) == ("medium_term", 0.5)
    for name in ("waterfall", "fan", "information"):
        root = ElementTree.parse(figures / f"{name}.svg").getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"


@pytest.mark.slow
def test_priors_suppositions_and_a_second_file_change_the_answer(
    file: Path, tmp_path: Path, typed: Typed
) -> None:
    def near(*words: str) -> dict[str, float]:
        out = tmp_path / "out.json"
        typed("risk", "--evidence", file, "--json", out, *QUICK, *words)
        rows = json.loads(out.read_text())["rows"]
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


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--what-if", "detect.decptive=0.8"), "did you mean detect.deceptive"),
        (("--horizon", "nearterm"), "did you mean near_term"),
        (("--table", "typs"), "did you mean types"),
        (("--counts", "missing.csv"), "--template"),
        (("--counts", COUNTS), "cannot be added up"),
        (("--what-if", "detect.deceptive=8"), "wanted a probability"),
        (("--transport", "1.2"), "transport weight 1.2 is outside [0, 1]"),
        (("--decision-level", "-1"), "greater than or equal to 0"),
        (("--draws", "10"), "greater than or equal to 10000"),
        (("--priors", "missing.toml"), "missing.toml"),
    ],
)
def test_impossible_questions_are_refused(
    file: Path, words: tuple[str, ...], message: str, typed: Typed
) -> None:
    assert message in typed("risk", "--evidence", file, *words, code=2)


def test_own_counts_need_no_run_and_are_marked(tmp_path: Path, typed: Typed) -> None:
    out = tmp_path / "risk.json"
    assert REPORTED in typed("risk", "--counts", COUNTS, "--json", out, *QUICK)
    record = json.loads(out.read_text())
    assert record["labels"] == [REPORTED]
    assert all("http" in one["source"] or "adr" in one["source"] for one in record["judged"])
    assert typed("risk", "--template") == " ".join(COUNTS.read_text().split())
    priors = tmp_path / "priors.toml"
    priors.write_text(priors_template_text())
    assert load_figures(priors) == load_figures()
    assert "one of --suite" in typed("gate", code=2)
    assert "risk of what" in typed("risk", code=2)


@pytest.mark.parametrize("name", ["warnings", "transport", "sources"])
def test_a_table_is_printed_alone(name: str, typed: Typed) -> None:
    printed = typed("risk", "--counts", COUNTS, "--table", name, *QUICK)
    assert "How does" not in printed
    assert ("a judgement of this project" in printed) == (name == "sources")


def test_public_organisms_are_refused_unless_allowed_and_labelled(
    finished: Finished, tmp_path: Path, typed: Typed
) -> None:
    path, out = tmp_path / "public.json", tmp_path / "risk.json"
    write_evidence(replace(finished.evidence, public=3), path)
    refused = typed("risk", "--evidence", path, *QUICK, code=2)
    assert "mesascope run --fresh" in refused
    assert "--allow-reference" in refused
    words = ("risk", "--evidence", path, "--allow-reference", "--json", out, *QUICK)
    assert PUBLIC in typed(*words)
    assert json.loads(out.read_text())["labels"] == [PUBLIC]
    folder = tmp_path / "incidents"
    assert PUBLIC in typed("gate", "--evidence", path, "--incident", folder, code=1)
    (record,) = folder.glob("*.json")
    assert PUBLIC in read_incident(record).what_is_not_known[0]


def test_a_finished_run_is_named_by_its_suite(finished: Finished, typed: Typed) -> None:
    home = finished.folder.parents[1]
    assert "suite tiny" in typed("risk", "--suite", TINY, "--home", home, *QUICK)
    typed("gate", "--suite", TINY, "--home", home, code=1)
    for command in ("risk", "gate"):
        assert "no frozen scores" in typed(command, "--suite", "smoke", "--home", home, code=2)


def test_the_gate_trips_on_a_run_and_records_the_incident(file: Path, typed: Typed) -> None:
    folder = file.with_name("incidents")
    assert "types.unmeasured is" in typed("gate", "--evidence", file, "--incident", folder, code=1)
    (record,) = folder.glob("*.json")
    assert read_incident(record).subject.kind == "run"


def test_the_gate_passes_where_the_policy_is_met_and_says_what_it_cannot_answer(
    file: Path, typed: Typed
) -> None:
    lax = file.with_name("lax.toml")
    lax.write_text(LAX)
    words = ("gate", "--evidence", file, "--policy")
    assert "passed: 1 rules of 'lax' hold" in typed(*words, lax)
    suspect = ("gate", "--suspect", "x", "--suite", TINY, "--home", file.parent)
    for refused, message in (
        (suspect, "no frozen scores"),
        ((*suspect, "--transport", "0.5"), "one network has none"),
        ((*words, lax, "--transport", "1"), "less than or equal to 0.99"),
        (("gate",), "give one of --suite"),
    ):
        assert message in typed(*refused, code=2)


def test_the_gate_stops_a_flagged_suspect_and_not_a_quiet_one(
    finished: Finished, typed: Typed
) -> None:
    judged = finished.judged
    scores = judged.largest_scores(judged.rule.detectors)
    flagged = finished.evidence.column(finished.evidence.rule).flags
    for member, score in zip(judged.members, scores, strict=True):
        words = ("gate", "--suspect", member.id, "--suite", TINY, "--home")
        if member.role == "calibration":
            assert "set the threshold" in typed(*words, finished.folder.parents[1], code=2)
        else:
            typed(*words, finished.folder.parents[1], code=int(flagged(float(score))))
    assert any(flagged(float(score)) for score in scores)


def test_power_says_what_a_size_can_show(typed: Typed) -> None:
    printed = typed("study", "power", "--families", "2", "--networks", "10")
    assert "0.139" in printed, "the bound that 20 controls without alarm leave"
