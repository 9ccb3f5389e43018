"""Whatever became of a file, it is read for what it says or refused with one sentence."""

from __future__ import annotations

import json
import pickle
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch

import mutations
from evals.evidence.choices import Chosen, Selection
from evals.evidence.evidence import Evidence
from evals.evidence.evidence_file import read_evidence, write_evidence
from evals.evidence.rival_explanation import Rival
from evals.evidence.sweep import Sweep, SweepCount
from evals.gate.facts import Fact, Subject
from evals.gate.incident import incident_json, incident_text, read_incident
from evals.gate.policy import BUILT_IN as POLICY
from evals.gate.policy import load_policy
from evals.gate.verdict import apply
from evals.report.zoo.families import families
from evals.report.zoo.zoo_tables import families_table, zoo_table
from evals.risk import figures
from evals.scoring import twins
from evals.scoring.blind import Lineup, read_vault
from evals.scoring.freeze import read_frozen
from evals.scoring.score_table import Row, read_rows
from evals.suite.suite_file import load_suite
from evals.suite.suite_names import BUILT_IN
from inline import PROXY, TWIN
from made_evidence import make_evidence, sign
from organisms.records.truth import PADDED_BYTES
from organisms.travel.archive import export_archive, networks_of, read_archive
from organisms.zoo.weights import load_net, shape_to_dict
from organisms.zoo.zoo import RECORD, SPEC, TRUTH, WEIGHTS, Zoo, files_of
from probes.errors import LONGEST, MesascopeError
from untrained import untrained

MOST_SECONDS = 5.0
"""CPU seconds for one file."""

QUICK, SLOW = 18, 600
"""Changes of every kind of file."""


class Forbidden(BaseException):
    """Reading a file opened a socket, unpickled something or took too long; nothing catches it."""


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        content: of one that is whole.
        change: how it is changed.
        read: reads content, put where it belongs in a folder, and uses what it says.
    """

    content: bytes
    change: mutations.Change
    read: Callable[[bytes, Path], object]


def in_zoo(whole: dict[str, bytes], name: str) -> Callable[[bytes, Path], object]:
    """Read the organism with one of its files changed; an envelope is as long as it must be."""

    def read(content: bytes, folder: Path) -> object:
        if name == TRUTH:
            content = content.rstrip().ljust(PADDED_BYTES)
        files = {**whole, name: content}
        if name == TRUTH:
            stored = {**json.loads(files[RECORD]), "truth_sha256": sha256(content).hexdigest()}
            files[RECORD] = json.dumps(stored).encode()
        for file, text in files.items():
            (folder / file).write_bytes(text)
        found = Zoo.read(folder)
        zoo_table([found]), families_table(families([found]))
        return found.verdict, found.truth.open(), found.spec.label

    return read


def signed_evidence(content: bytes, folder: Path) -> object:
    with suppress(ValueError, AttributeError, RecursionError):
        content = sign(json.loads(content)).encode()
    return evidence(content, folder)


def evidence(content: bytes, folder: Path) -> object:
    path = folder / "evidence.json"
    path.write_bytes(content)
    found = read_evidence(path)
    write_evidence(found, folder / "again.json")
    assert read_evidence(folder / "again.json") == found
    return found


def manifest(content: bytes, folder: Path) -> object:
    shutil.copy(folder / "set.safetensors", folder / "new.safetensors")
    (folder / "new.json").write_bytes(content)
    return read_archive(folder / "new.json")


def networks(content: bytes, folder: Path) -> object:
    """Networks that were changed by someone who made the digest right again."""
    whole = json.loads((folder / "set.json").read_bytes())
    whole["networks_sha256"] = sha256(content).hexdigest()
    (folder / "new.json").write_text(json.dumps(whole))
    (folder / "new.safetensors").write_bytes(content)
    return read_archive(folder / "new.json")


def frozen(content: bytes, folder: Path) -> object:
    (folder / "scores.json").write_bytes(content)
    (folder / "scores.sha256").write_text(f"{sha256(content).hexdigest()}  scores.json\n")
    return [row.score() for row in read_frozen(folder).rows]


def digest(content: bytes, folder: Path) -> object:
    frozen(b"[]", folder)
    (folder / "scores.sha256").write_bytes(content)
    return read_frozen(folder)


def placed(name: str, read: Callable[[Path], object]) -> Callable[[bytes, Path], object]:
    """Read a file of that name."""

    def placed(content: bytes, folder: Path) -> object:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
        return read(folder / name)

    return placed


def suite(path: Path) -> object:
    found = load_suite(str(path))
    return found.content_hash, found.wanted(), found.size


def kinds(folder: Path) -> dict[str, Kind]:
    """Every kind of file that the product reads, whole; what they need lies in the folder."""
    record, weights = untrained(PROXY)
    zoo, twin = Zoo(folder / "zoo"), untrained(TWIN)
    zoo.save(record, weights)
    zoo.save(*twin)
    export_archive(zoo, folder / "set.json", [PROXY])
    files = files_of(record, weights)
    rows = [
        Row("panel", id, value, {"deep": value}, "seen", "" if value else "blind", 10, 0.5, "ab")
        for id, value in (("a", 0.5), ("b", None))
    ]
    index = {
        "ids": ["a", "b"], "battery_seed": 3, "environment": "maze",
        "size": asdict(PROXY.environment), "shapes": [shape_to_dict(PROXY.shape)],
        "shape_of": {"a": 0, "b": 0},
    }  # fmt: skip
    (folder / "vault").mkdir()
    (folder / "vault" / "a.sealed").write_bytes(record.truth.envelope())
    ledger = [
        {"id": "a", "spec_hash": PROXY.content_hash, "role": "test", "seed": 5,
         "measures": ["displaced_goal"], "truth_sha256": record.truth.digest}
    ]  # fmt: skip
    run = whole_evidence()
    write_evidence(run, folder / "run.json")
    count = SweepCount("maze/proxy_corner", "spontaneous", 20, 12, 9)
    sweep = Sweep("dose", "a" * 64, "2026-11-01", "2026-11-02", (count,), {"python": "3"})
    write_evidence(sweep, folder / "sweep.json")
    subject = Subject("run", "made_up", "made_up", "5f1c" * 4, "ab34" * 16)
    facts = {rule.when: Fact(rule.when, 0.99, "seen") for rule in load_policy().rules}
    now = "2026-05-04T09:30:00+00:00"
    verdict = apply(load_policy(), subject, facts, created=now, provenance={"python": "3"})
    priors = (Path(figures.__file__).parent / "figures.toml").read_bytes()
    changed = mutations
    in_json = {
        "unsigned evidence": ((folder / "run.json").read_bytes(), evidence),
        "signed evidence": ((folder / "run.json").read_bytes(), signed_evidence),
        "signed sweep": ((folder / "sweep.json").read_bytes(), signed_evidence),
        "record": (files[RECORD], in_zoo(files, RECORD)),
        "manifest": ((folder / "set.json").read_bytes(), manifest),
        "frozen scores": (json.dumps([asdict(row) for row in rows]).encode(), frozen),
        "lineup": (
            json.dumps(index).encode(),
            placed("index.json", lambda p: Lineup.read(p.parent)),
        ),
        "ledger": (
            json.dumps(ledger).encode(),
            placed("vault/ledger.json", lambda path: read_vault(path.parents[1])),
        ),
        "twins": (b'{"a": 0, "b": 1}', placed("twins.json", twins._numbers)),
        "incident": (
            incident_json(verdict).encode(),
            placed("incident.json", lambda path: incident_text(read_incident(path))),
        ),
        "truth": (files[TRUTH].rstrip(), in_zoo(files, TRUTH)),
    }
    in_toml = {
        "suite": ((BUILT_IN / "tiny.toml").read_bytes(), placed("s.toml", suite)),
        "specification": (files[SPEC], in_zoo(files, SPEC)),
        "policy": (POLICY.read_bytes(), placed("p.toml", load_policy)),
        "priors": (priors, placed("f.toml", figures.load_figures)),
    }
    lines = "".join(json.dumps(asdict(row)) + "\n" for row in rows).encode()
    net = placed(WEIGHTS, lambda path: load_net(path, PROXY.shape))
    return {
        **{name: Kind(text, changed.json_text, read) for name, (text, read) in in_json.items()},
        **{name: Kind(text, changed.toml_text, read) for name, (text, read) in in_toml.items()},
        "scores": Kind(lines, changed.json_lines, placed("scores.jsonl", read_rows)),
        "digest": Kind(b"ab34" * 16 + b"  scores.json\n", changed.bytewise, digest),
        "networks": Kind(networks_of(folder / "set.json").read_bytes(), changed.tensors, networks),
        "weights": Kind(weights, changed.tensors, net),
    }


def whole_evidence() -> Evidence:
    """With something in every list."""
    return replace(
        make_evidence({"proxy": (4, 3), "deceptive": (2,)}, of=5, controls=4, calibration=3),
        killers=(Rival("weight_norm", "maze/proxy_0", "passed", "p = 0.4", 20, 0.4, "weights"),),
        selections=(Selection((Chosen("f", "a", 1, 5),), "proxy", "weights", 2, "a", 0.2, 0.1),),
    )


NAMES = (
    "unsigned evidence", "signed evidence", "signed sweep", "record", "manifest", "frozen scores",
    "lineup", "ledger", "twins", "incident", "truth", "suite", "specification", "policy", "priors",
    "scores", "digest", "networks", "weights",
)  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Kind], Path]:
    folder: Path = tmp_path_factory.mktemp("fuzz")
    found = kinds(folder)
    assert tuple(found) == NAMES
    return found, folder


@pytest.fixture
def sealed_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket opens and nothing is unpickled."""

    def forbidden(*args: object, **more: object) -> None:
        raise Forbidden("a socket was opened or something unpickled")

    for owner, name in (
        (socket, "socket"), (socket, "create_connection"), (socket, "getaddrinfo"),
        (pickle, "load"), (pickle, "loads"), (pickle, "Unpickler"), (torch, "load"),
    ):  # fmt: skip
        monkeypatch.setattr(owner, name, forbidden)


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise `Forbidden` after so much time of the processor."""

    def expired(*args: object) -> None:
        raise Forbidden(f"reading took more than {seconds:g} s")

    before = signal.signal(signal.SIGPROF, expired)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def fault(kind: Kind, content: bytes, folder: Path) -> str:
    """What is wrong with how content is read; empty where it is read or refused as it should."""
    try:
        with limited(MOST_SECONDS):
            kind.read(content, folder)
    except MesascopeError as error:
        text = str(error)
        if not text.isprintable() or len(text) > 2 * LONGEST or len(text) < 20:
            return f"no sentence: {text[:300]!r}"
        if "Traceback" in text or error.exit_code != 2:
            return f"exit code {error.exit_code}: {text[:300]!r}"
    except (Exception, Forbidden) as error:
        return f"{type(error).__name__}: {str(error)[:300]}"
    return ""


def faults(name: str, whole: tuple[dict[str, Kind], Path], count: int) -> list[str]:
    kind, folder = whole[0][name], whole[1]
    assert not fault(kind, kind.content, folder)
    found = []
    for number in range(count):
        content = kind.change(kind.content, Random(f"{name}/{number}"))
        if wrong := fault(kind, content, folder):
            found.append(f"{name}/{number}: {wrong}")
    return found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("sealed_off")
def test_a_changed_file_is_read_or_refused(name: str, whole: tuple[dict[str, Kind], Path]) -> None:
    assert faults(name, whole, QUICK) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("sealed_off")
def test_ten_thousand_changed_files_are_read_or_refused(
    name: str, whole: tuple[dict[str, Kind], Path]
) -> None:
    assert faults(name, whole, SLOW) == []


def crash(content: bytes, folder: Path) -> object:
    return {}["nothing"]


def hang(content: bytes, folder: Path) -> object:
    while True:
        pass


def unpickle(content: bytes, folder: Path) -> object:
    return pickle.loads(pickle.dumps(1))


def connect(content: bytes, folder: Path) -> object:
    return socket.create_connection(("localhost", 1))


def say_much(content: bytes, folder: Path) -> object:
    raise MesascopeErrorOfOldDays("first\nsecond line of a long message")


class MesascopeErrorOfOldDays(MesascopeError):
    def __str__(self) -> str:
        return str(self.args[0])


@pytest.mark.parametrize("read", [crash, hang, unpickle, connect, say_much])
@pytest.mark.usefixtures("sealed_off")
def test_a_reader_with_a_fault_would_be_seen(
    read: Callable[[bytes, Path], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("test_changed_files.MOST_SECONDS", 0.2)
    assert fault(Kind(b"", mutations.bytewise, read), b"", tmp_path)
