"""The file of an audit reads back as it was; what is torn, edited or strange is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.audit.audit import Audit
from evals.audit.card.audit_file import AuditFileError, audit_json, read_audit
from made_audit import AUDITS, made


@pytest.mark.parametrize("audit", AUDITS.values(), ids=AUDITS)
def test_an_audit_reads_back_as_it_was(audit: Audit, tmp_path: Path) -> None:
    path = tmp_path / "audit.json"
    path.write_text(json.dumps(audit_json(audit)))
    assert read_audit(path) == audit


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: d.update(schema="mesascope.audit/2"), "does not say schema 'mesascope.audit/1'"),
        (lambda d: d.pop("schema"), "does not say schema"),
        (lambda d: d.update(note="x"), "note: this key is unknown"),
        (lambda d: d["readings"][0].update(note="x"), r"readings\.0\.note: this key is unknown"),
        (lambda d: d["damage"].pop("index"), r"damage\.index: this key is missing"),
        (lambda d: d.update(flagged="no"), "flagged: "),
        (lambda d: d.update(alpha=0.05), "alpha: this key is unknown"),
        (lambda d: d["answers"][0].update(p_value=float("nan")), "not a finite number"),
        (lambda d: d["answers"][0].update(answered="maybe"), r"answers\.0\.answered"),
        (lambda d: d["answers"].pop(), "one answer to each question, not so for .'aware'"),
        (lambda d: d["answers"].append(d["answers"][0]), "not so for .'misaligned'"),
        (lambda d: d["answers"][0].update(p_value=0.9), "it was edited"),
        (lambda d: d.pop("content_sha256"), "it was edited"),
    ],
)
def test_a_changed_record_is_refused(
    change: Callable[[dict[str, Any]], object], complaint: str, tmp_path: Path
) -> None:
    data = json.loads(json.dumps(audit_json(made())))
    change(data)
    path = tmp_path / "audit.json"
    path.write_text(json.dumps(data))
    with pytest.raises(AuditFileError, match=rf"audit\.json.*{complaint}"):
        read_audit(path)


def test_what_is_no_record_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.json"
    with pytest.raises(AuditFileError, match="no audit at"):
        read_audit(path)
    whole = json.dumps(audit_json(made()))
    for text in (whole[: len(whole) // 2], "", "[]", "null", '{"schema": 1}', "\0"):
        path.write_text(text)
        with pytest.raises(AuditFileError, match="audit"):
            read_audit(path)
    for odd in (tmp_path, Path("a\0b"), Path("a" * 300)):
        with pytest.raises(AuditFileError):
            read_audit(odd)


def test_what_would_not_read_back_is_not_written() -> None:
    for wrong in ({"cpu_seconds": float("nan")}, {"answers": ()}):
        with pytest.raises(AuditFileError, match=next(iter(wrong))):
            audit_json(replace(made(), **wrong))
