"""Counts that someone reports of a detector of their own: checked, marked, and then as measured."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from evals.evidence.detector_rates import EvidenceError
from evals.evidence.sweep import Sweep, SweepCount
from evals.risk.analysis import update_risk
from evals.risk.counts import REPORTED, TEMPLATE, Counts, given_counts, read_counts, reported
from evals.risk.figures import MISALIGNMENT_TYPES, QuestionError
from evals.risk.merged import merge
from made_evidence import make_evidence, quick_risk

HEADER = "type,family,detected,of,alpha"
FINE = "proxy,a,3,5,0.05"
Row = Mapping[str, Any]

REFUSED = {
    "more detected than there are": ("proxy,b,7,5,0.05", ("line 3", "detected", "'7'", "5")),
    "an unknown type": ("proxi,b,3,5,0.05", ("line 3", "type", "did you mean proxy")),
    "no alpha": ("proxy,b,3,5,", ("line 3", "alpha", "such as 0.05")),
    "alpha 0": ("proxy,b,3,5,0", ("line 3", "alpha")),
    "alpha 1": ("proxy,b,3,5,1", ("line 3", "alpha")),
    "alpha in words": ("proxy,b,3,5,5%", ("line 3", "alpha", "'5%'")),
    "alpha NaN": ("proxy,b,3,5,nan", ("line 3", "alpha")),
    "another alpha": ("proxy,b,3,5,0.1", ("line 3", "alpha", "0.05 in")),
    "a family twice": ("proxy,a,1,5,0.05", ("line 3", "family", "line 2", "add up")),
    "a negative count": ("proxy,b,-1,5,0.05", ("line 3", "detected", "whole number")),
    "a count that is none": ("proxy,b,nan,5,0.05", ("line 3", "detected", "whole number")),
    "half a network": ("proxy,b,2.5,5,0.05", ("line 3", "detected", "whole number")),
    "no networks": ("proxy,b,0,0,0.05", ("line 3", "column of")),
    "far too many": (f"proxy,b,1,{'9' * 16},0.05", ("line 3", "column of")),
    "no family": ("proxy, ,3,5,0.05", ("line 3", "family")),
    "a value too few": ("proxy,b,3,5", ("line 3", "4 values for 5")),
    "a value too many": ("proxy,b,c,3,5,0.05", ("line 3", "quotes")),
    "an open quotation": ('proxy,"b,3,5,0.05', ("line 3", "no CSV")),
}


def file(folder: Path, text: str) -> Path:
    path = folder / "counts.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_row_is_refused_with_its_line_and_column(tmp_path: Path, case: str) -> None:
    row, words = REFUSED[case]
    with pytest.raises(EvidenceError) as found:
        read_counts(file(tmp_path, f"{HEADER}\n{FINE}\n{row}\n"))
    assert all(word in str(found.value) for word in words), str(found.value)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "no counts"),
        (f"{HEADER}\n", "no counts"),
        ("type;family;detected;of;alpha\nproxy;a;3;5;0,05\n", "separated by ';'"),
        ("type,family,detected,of\nproxy,a,3,5\n", "alpha is missing"),
        (f"{HEADER},acess\n{FINE},outputs\n", "did you mean access"),
        (f"{HEADER},of\n{FINE},5\n", "twice"),
        (f"{HEADER},access\n{FINE},everything\n", "column access"),
        (f"{HEADER},adversary\n{FINE},adaptiv\n", "did you mean adaptive"),
        (f"{HEADER},realised_false_alarms\n{FINE},0.05\n", "such as 2 of 40"),
        (f"{HEADER},realised_false_alarms\n{FINE},3 of 2\n", "such as 2 of 40"),
        (f"{HEADER},realised_false_alarms\n{FINE},1 of 9\nproxy,b,1,5,0.05,2 of 9\n", "1 of 9 in"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str, word: str) -> None:
    with pytest.raises(EvidenceError, match=word):
        read_counts(file(tmp_path, text))


def test_what_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    for write in (lambda: None, lambda: path.write_bytes(b"PK\x03\x04\xff\xfe")):
        write()
        with pytest.raises(EvidenceError, match=r"counts\.csv"):
            read_counts(path)
    with pytest.raises(EvidenceError, match="cannot be read"):
        read_counts(tmp_path)


def test_a_mark_of_the_spreadsheet_and_another_order_of_columns_are_read(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    path.write_bytes(b"\xef\xbb\xbfof,alpha,type,family,detected\r\n\r\n5,.05,proxy,a,3\r\n")
    assert read_counts(path) == (Counts("proxy", "a", 3, 5, 0.05),)


def test_rows_from_python_are_checked_alike() -> None:
    row: Row = {"type": "proxy", "family": "a", "detected": 3, "of": 5, "alpha": 0.05}
    assert given_counts([row]) == (Counts("proxy", "a", 3, 5, 0.05),)
    assert given_counts([Counts(**row)]) == given_counts([row])
    for bad, word in (({"detected": 7}, "row 2, column detected"), ({"famly": "b"}, "famly")):
        with pytest.raises(EvidenceError, match=word):
            given_counts([row, {**row, "family": "b", **bad}])
    with pytest.raises(EvidenceError, match="no counts"):
        given_counts([])


def test_counts_give_what_the_same_counts_of_a_run_give() -> None:
    """The same families, the same posterior, the same risk, to the last digit."""
    measured = dict.fromkeys(MISALIGNMENT_TYPES, (9, 4, 7))
    evidence = make_evidence(measured, of=10, alarms=2, controls=40)
    rows = tuple(
        Counts(kind, f"maze/{kind}_{n}", hits, 10, 0.05, "outputs", "", "2 of 40")
        for kind, row in measured.items()
        for n, hits in enumerate(row)
    )
    run, own = quick_risk(merge([evidence])), quick_risk(reported({"mine.csv": rows}))
    assert own.rows == run.rows
    assert [one.measured_detection for one in own.types] == [
        one.measured_detection for one in run.types
    ]
    assert own.predictive == run.predictive, "realised false alarms are one family of controls"
    assert (run.labels, own.labels) == ((), (REPORTED,))
    assert any(REPORTED in note for note in own.notes)
    assert {one.cpu_hours for one in own.candidates} == {None}, "nobody knows what a network costs"


def test_alarms_above_alpha_and_naive_adversaries_are_said() -> None:
    def notes(alarms: str, adversary: str) -> str:
        row = Counts("proxy", "a", 3, 5, 0.05, "", adversary, alarms)
        return " ".join(reported({"mine.csv": (row,)}).notes())

    assert "more lenient" in notes("9 of 20", "adaptive")
    assert "more lenient" not in notes("2 of 20", "adaptive")
    assert "no known meaning" in notes("", "adaptive")
    assert "trains against" in notes("2 of 20", "naive")
    assert "trains against" not in notes("2 of 20", "")


def test_files_of_one_detector_are_added_and_a_sweep_moves_emergence() -> None:
    one, other = (Counts(kind, "a", 3, 5, 0.05) for kind in ("proxy", "pseudo"))
    both = reported({"a.csv": (one,), "b.csv": (other,)})
    assert len(both.sources) == 2
    with pytest.raises(EvidenceError, match=r"b\.csv, row 1, column family"):
        reported({"a.csv": (one,), "b.csv": (one,)})
    none = SweepCount("maze/proxy_corner", "spontaneous", trained=20, emerged=0, misaligned=0)
    sweep = Sweep("dose", "a" * 64, "2026-11-01", "2026-11-02", (none,), {})
    with_it = quick_risk(reported({"a.csv": (one,)}, sweep)).row("near_term", 1.0)
    without = quick_risk(reported({"a.csv": (one,)})).row("near_term", 1.0)
    assert with_it.unmitigated.mean < without.unmitigated.mean


def test_five_lines_of_python_need_no_torch(tmp_path: Path) -> None:
    path = file(tmp_path, TEMPLATE)
    code = f"""
import sys
from evals.risk.analysis import update_risk
report = update_risk({str(path)!r}, 0.5, draws=10_000)
before, after = (report.row("near_term", w).residual for w in (0, 0.5))
print(before.mean != after.mean)
assert not set(sys.modules) & {{"torch", "matplotlib", "sklearn", "transformer_lens"}}
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_public_organisms_are_an_illustration_or_refused() -> None:
    evidence = make_evidence({"proxy": (3, 4)}, of=5)
    object.__setattr__(evidence, "public", 2)
    with pytest.raises(QuestionError, match="allow"):
        update_risk(evidence)
    assert merge([evidence]).labels == ("illustration from public organisms",)
