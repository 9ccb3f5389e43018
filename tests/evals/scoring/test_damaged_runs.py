"""Files of a run that are not what was written are refused with an error of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch

from evals.running.run import reopen
from evals.scoring.blind import BlindingError, Lineup, LineupDamaged, read_vault
from evals.scoring.freeze import read_frozen
from evals.scoring.score_table import FreezeBroken, Row, read_rows
from evals.scoring.twins import beside_twin
from evals.suite.home import Home
from evals.suite.suite import Suite
from inline import PLAIN
from organisms.records.truth import Sealed
from organisms.zoo.weights import shape_to_dict
from probes.errors import MesascopeError
from scripted import suspect_of

Change = Callable[[Any], object]

ROW = asdict(Row("panel", "a", 0.5, {"deep": None}, "seen", "", 10, 0.5, "ab"))
ROWS: list[Change] = [
    lambda row: row.update(value="0.5"),
    lambda row: row.update(value=True),
    lambda row: row.update(value=float("nan")),
    lambda row: row.update(value=10**400),
    lambda row: row.update(detector=None),
    lambda row: row.update(suspect=["a"]),
    lambda row: row.update(parts=[]),
    lambda row: row.update(parts={"deep": "1"}),
    lambda row: row.update(forward_passes=-1),
    lambda row: row.update(forward_passes=0.5),
    lambda row: row.update(cpu_seconds=-0.5),
    lambda row: row.update(key=3),
    lambda row: row.update(mood="good"),
    lambda row: row.pop("found"),
]
NO_ROW = ["null", "3", "[]", '"row"', "{}", json.dumps(ROW)[:-1] + ', "value": 1}', "[" * 100_000]


def changed(change: Change) -> str:
    row = json.loads(json.dumps(ROW))
    change(row)
    return json.dumps(row)


@pytest.mark.parametrize("line", [*map(changed, ROWS), *NO_ROW])
def test_a_row_of_other_types_is_refused_wherever_it_stands(tmp_path: Path, line: str) -> None:
    good = json.dumps(ROW)
    store = tmp_path / "scores.jsonl"
    store.write_text(f"{good}\n{line}\n", "utf-8")
    with pytest.raises(FreezeBroken, match=r"scores\.jsonl is not a score file"):
        read_rows(store)
    table = f"[{good}, {line}]"
    (tmp_path / "scores.json").write_text(table, "utf-8")
    (tmp_path / "scores.sha256").write_text(f"{sha256(table.encode()).hexdigest()}  scores.json\n")
    with pytest.raises(FreezeBroken, match=r"scores\.json is no score table"):
        read_frozen(tmp_path)


def test_a_digest_of_other_bytes_is_none(tmp_path: Path) -> None:
    (tmp_path / "scores.json").write_text("[]", "utf-8")
    (tmp_path / "scores.sha256").write_bytes(b"\xff\xfe\n")
    with pytest.raises(FreezeBroken, match="changed after the freeze"):
        read_frozen(tmp_path)


def test_a_row_without_a_part_that_is_asked_for_says_so() -> None:
    with pytest.raises(FreezeBroken, match="score of panel for a has no part 'shallow'"):
        Row(**ROW).score("shallow")


def test_a_run_without_the_scores_of_a_detector_is_not_opened(tiny: Suite, tmp_path: Path) -> None:
    folder, table = Home(tmp_path).run(tiny), json.dumps([ROW])
    folder.mkdir(parents=True)
    (folder / "scores.json").write_text(table, "utf-8")
    (folder / "scores.sha256").write_text(f"{sha256(table.encode()).hexdigest()}  scores.json\n")
    with pytest.raises(FreezeBroken, match=r"holds no score of .*random_score"):
        reopen(tiny, Home(tmp_path))


INDEX = {
    "ids": ["a", "b"],
    "battery_seed": 3,
    "environment": "maze",
    "size": asdict(PLAIN.environment),
    "shapes": [shape_to_dict(PLAIN.shape)],
    "shape_of": {"a": 0, "b": 0},
}
INDICES: list[Change] = [
    lambda index: index.update(ids=None),
    lambda index: index.update(ids="ab"),
    lambda index: index.update(ids=["a", "a"]),
    lambda index: index.update(ids=["a", "b", "c"]),
    lambda index: index.update(ids=["a", "../b"], shape_of={"a": 0, "../b": 0}),
    lambda index: index.update(battery_seed="3"),
    lambda index: index.update(battery_seed=-1),
    lambda index: index.update(battery_seed=2**31),
    lambda index: index.update(environment=["maze"]),
    lambda index: index.update(environment="ocean"),
    lambda index: index.update(size=[4]),
    lambda index: index["size"].update(side="4"),
    lambda index: index["size"].update(depth=4),
    lambda index: index.update(shapes={}),
    lambda index: index.update(shapes=[]),
    lambda index: index["shapes"][0].update(width="16"),
    lambda index: index["shapes"][0].update(width=2**40),
    lambda index: index["shapes"][0].update(width=-16),
    lambda index: index["shapes"][0].update(n_heads=0),
    lambda index: index["shapes"][0].update(vocabularies=3),
    lambda index: index["shapes"][0].update(architecture=["transformer"]),
    lambda index: index["shapes"][0].pop("width"),
    lambda index: index["shape_of"].update(b=1),
    lambda index: index["shape_of"].update(b=-1),
    lambda index: index["shape_of"].update(b=None),
    lambda index: index.pop("shape_of"),
]


@pytest.mark.parametrize("change", INDICES)
def test_an_index_of_a_lineup_of_other_types_is_refused(tmp_path: Path, change: Change) -> None:
    index = json.loads(json.dumps(INDEX))
    (tmp_path / "index.json").write_text(json.dumps(index), "utf-8")
    assert Lineup.read(tmp_path).ids == ("a", "b")
    change(index)
    (tmp_path / "index.json").write_text(json.dumps(index), "utf-8")
    with pytest.raises(LineupDamaged, match="no readable lineup") as raised:
        Lineup.read(tmp_path)
    assert raised.value.exit_code == 2
    assert isinstance(raised.value, BlindingError)


LEDGERS: list[Change] = [
    lambda rows: rows.append(None),
    lambda rows: rows.append("b"),
    lambda rows: rows[0].update(id="../a"),
    lambda rows: rows[0].update(id=3),
    lambda rows: rows[0].update(role="jury"),
    lambda rows: rows[0].update(seed="5"),
    lambda rows: rows[0].update(measures="displaced_goal"),
    lambda rows: rows[0].update(measures=None),
    lambda rows: rows[0].update(spec_hash=None),
    lambda rows: rows[0].pop("truth_sha256"),
    lambda rows: rows[0].update(truth_sha256="0"),
]


@pytest.mark.parametrize("change", LEDGERS)
def test_a_ledger_of_other_types_is_refused(tmp_path: Path, change: Change) -> None:
    sealed, vault = Sealed.seal(PLAIN.build_recipe().truth), tmp_path / "vault"
    vault.mkdir()
    (vault / "a.sealed").write_bytes(sealed.envelope())
    rows = [
        {"id": "a", "spec_hash": "ab", "role": "test", "seed": 5, "measures": ["displaced_goal"],
         "truth_sha256": sealed.digest}
    ]  # fmt: skip
    (vault / "ledger.json").write_text(json.dumps(rows), "utf-8")
    assert [member.truth for member in read_vault(tmp_path)] == [sealed]
    change(rows)
    (vault / "ledger.json").write_text(json.dumps(rows), "utf-8")
    with pytest.raises(LineupDamaged, match=r"the vault of .* cannot be read"):
        read_vault(tmp_path)


@pytest.mark.parametrize(
    "text", ["null", "[]", "{", '{"a": null}', '{"a": "0"}', '{"a": -1}', '{"a": 0, "a": 1}']
)
def test_an_index_of_twins_of_other_types_is_refused(tmp_path: Path, text: str) -> None:
    lineup = Lineup(tmp_path, ("a",), 3, PLAIN.world, {"a": PLAIN.shape})
    net = PLAIN.shape.build(torch.Generator())
    suspect = suspect_of(net, PLAIN.world, id="a", seed=3, untrained=PLAIN.shape.build)
    (tmp_path / "twins").mkdir()
    (tmp_path / "twins" / "index.json").write_text(text, "utf-8")
    with pytest.raises(MesascopeError, match="no index of twins"):
        beside_twin(suspect, lineup, device="cpu")
