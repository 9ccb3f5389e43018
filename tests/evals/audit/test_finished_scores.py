"""A finished score is found again exactly where nothing that it depends on has changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from corridor import ADAPTER, saved

from evals.audit.adapter_file import load_adapter
from evals.audit.auditing import Request, audit
from evals.audit.opening import Source, open_network
from evals.audit.scoring import Task, score_network, score_networks
from probes.errors import MesascopeError

OWN = """
from mesascope import Access, Detector, Score
class Own(Detector):
    name, question, access, cost = "own", "misaligned", Access.OUTPUTS, 0.1
    measures = frozenset()
    def score(self, suspect):
        return Score(0.5)
class Full(Own):
    name = "full"
    def score(self, suspect):
        raise RuntimeError("out of memory")
"""


def test_a_score_depends_on_what_its_adapter_imports(tmp_path: Path) -> None:
    helper, adapter = tmp_path / "helper_of_an_adapter.py", tmp_path / "mine.py"
    helper.write_text("WIDTH = 32\n")
    adapter.write_text("import helper_of_an_adapter\nfrom evals.audit.template import Mine\n")
    path, source = saved(tmp_path, "aligned"), Source(adapter=f"{adapter}:Mine")
    open_network(path, source)
    before, again = (Task("n", path, source, "cpu").digest for _ in range(2))
    helper.write_text("WIDTH = 64\n")
    assert before == again != Task("n", path, source, "cpu").digest


def test_a_detector_that_raised_is_asked_again(tmp_path: Path) -> None:
    file, store = tmp_path / "own.py", tmp_path / "store"
    file.write_text(OWN)
    store.mkdir()
    own, full = (f"{file}:{name}" for name in ("Own", "Full"))
    task = Task("n", saved(tmp_path, "aligned"), Source(adapter=ADAPTER), "cpu")
    for _ in range(2):
        found = score_networks([task], [own, full], store=store, workers=1)["n"]
        assert found[own].value == 0.5
        assert found[full].reason.startswith("it failed: RuntimeError: out of memory (line 11")
        (kept,) = store.iterdir()
        assert kept.read_text().count("\n") == 1


def test_networks_share_no_adapter_but_one_world() -> None:
    first, second = load_adapter(ADAPTER), load_adapter(ADAPTER)
    assert first is not second
    assert first.world() == second.world()


def test_a_trusted_network_counts_once(tmp_path: Path) -> None:
    path, source = saved(tmp_path, "aligned", 1), Source(adapter=ADAPTER)
    request = Request(saved(tmp_path, "aligned"), source, (path, path), ("ood_battery",))
    with pytest.raises(MesascopeError, match="counts once"):
        audit(request, home=tmp_path)


def test_a_twin_is_read_only_for_detectors_that_ask_for_one(tmp_path: Path) -> None:
    path, gone = saved(tmp_path, "aligned"), tmp_path / "gone.safetensors"
    task = Task("n", path, Source(adapter=ADAPTER), "cpu", twin=gone)
    (one,) = score_network(task, ["random_score"], {"random_score": ""})
    assert one.value is not None
    with pytest.raises(MesascopeError, match="nothing at"):
        list(score_network(task, ["twin_diffing"], {"twin_diffing": ""}))
