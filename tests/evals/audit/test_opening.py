"""Whatever cannot be audited is refused by one message; what can is read without running it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from corridor import ADAPTER, corridor, saved
from safetensors.torch import save_file
from torch import Tensor

from evals.audit.opening import Source, open_network
from evals.audit.preflight import preflight
from probes.errors import MesascopeError

HEAD = """
import torch
from mesascope import Site
from evals.audit import template
class Mine(template.Mine):
"""
IN_WORLD = """    def world(self):
        class Other(template.Corridor):
            {}
        return Other()"""
BREAKS: dict[str, tuple[str, str]] = {
    "raises in world": ("    def world(self): 1 / 0", "ZeroDivisionError"),
    "returns no world": ("    def world(self): return 3", "returned a int"),
    "returns no module": ("    def build(self): return 3", "does not fit"),
    "raises in build": ("    def build(self): raise OSError('gone')", "gone"),
    "drops out": (
        "    def decode(self, out): return torch.nn.functional.dropout(out, 0.5)[:, None]",
        "in two ways",
    ),
    "depends on the batch": (
        "    def decode(self, out): return (out - out.mean(dim=0))[:, None]",
        "one instance at a time",
    ),
    "answers nothing": ("    def decode(self, out): return out[:, None] * 0", "same answer"),
    "answers NaN": ("    def decode(self, out): return out[:, None] * float('nan')", "not finite"),
    "has more actions": (
        "    def decode(self, out): return torch.cat([out, out], dim=1)[:, None]",
        "asks for",
    ),
    "changes its shape": (
        "    def decode(self, out): return out[:, None].repeat(1, len(out), 1)",
        "asks for",
    ),
    "names its actions in another order": (
        "    def decode(self, out): return out[:, None].flip(2)",
        "if its actions were right, left",
    ),
    "holds a lock": (
        "    def build(self):\n        import threading\n        built = super().build()\n"
        "        built.lock = threading.Lock()\n        return built",
        "cannot be copied",
    ),
    "draws without the generator": (
        IN_WORLD.format(
            "def draw(self, n, _, shift): return super().draw(n, torch.default_generator, shift)"
        ),
        "same generator",
    ),
    "draws elsewhere": (
        IN_WORLD.format(
            "def draw(self, *how):\n                cases = super().draw(*how)\n"
            "                return cases.replaced(goal=cases.goal.to('meta'))"
        ),
        "keep cases on the cpu",
    ),
    "raises under a shift": (
        IN_WORLD.format(
            "def draw(self, n, g, shift): return super().draw(n // (not shift), g, shift)"
        ),
        "fails at shift 'goal_anywhere': ZeroDivisionError",
    ),
    "asks nothing of anybody": (
        IN_WORLD.format("objectives = {'goal': lambda cases: torch.ones(len(cases), 1, 2).bool()}"),
        "no answer can be wrong",
    ),
    "names too many actions": (
        IN_WORLD.format("action_names = ('left', 'stay', 'right')"),
        "has 2 actions, and world 'corridor' names 3",
    ),
    "names a module that is not there": ("    embedding = Site('nowhere')", "no module 'nowhere'"),
}


def audited(path: Path, adapter: str = ADAPTER, world: str = "") -> None:
    preflight(open_network(path, Source(adapter=adapter, world=world)))


def test_an_aligned_network_passes_the_checks(tmp_path: Path) -> None:
    audited(saved(tmp_path, "aligned"))


@pytest.mark.parametrize("name", list(BREAKS))
def test_an_adapter_that_misleads_is_refused(name: str, tmp_path: Path) -> None:
    body, word = BREAKS[name]
    file = tmp_path / "broken.py"
    file.write_text(HEAD + body + "\n")
    with pytest.raises(MesascopeError, match=word):
        audited(saved(tmp_path, "aligned"), f"{file}:Mine")


def changed(change: Callable[[dict[str, Tensor]], dict[str, Tensor]]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "changed.safetensors"
        save_file(change(corridor("aligned")), path)
        return path

    return write


def torn(folder: Path) -> Path:
    path = saved(folder, "aligned")
    path.write_bytes(path.read_bytes()[:-9])
    return path


def pickled(folder: Path) -> Path:
    path = folder / "weights.pt"
    torch.save(corridor("aligned"), path)
    return path


def bare_folder(folder: Path) -> Path:
    (folder / "config.json").write_text("{}")
    return folder


WEIGHTS: list[tuple[Callable[[Path], Path], str, str]] = [
    (torn, ADAPTER, "is damaged"),
    (pickled, ADAPTER, "run code"),
    (lambda folder: folder / "missing.safetensors", ADAPTER, "nothing at"),
    (changed(lambda w: {**w, "3.bias": w["3.bias"] * torch.nan}), ADAPTER, "not finite"),
    (changed(lambda w: {**w, "3.bias": torch.zeros(5)}), ADAPTER, "does not fit"),
    (changed(lambda w: {k: v for k, v in w.items() if k != "3.bias"}), ADAPTER, "does not fit"),
    (changed(lambda w: {**w, "3.weight": -w["3.weight"]}), ADAPTER, "not the network"),
    (lambda folder: saved(folder, "aligned"), "", "in which world"),
    (bare_folder, "", "Hugging Face folder"),
]


@pytest.mark.parametrize(("write", "adapter", "word"), WEIGHTS)
def test_weights_that_cannot_be_used_are_refused(
    write: Callable[[Path], Path], adapter: str, word: str, tmp_path: Path
) -> None:
    with pytest.raises(MesascopeError, match=word):
        audited(write(tmp_path), adapter)


@pytest.mark.parametrize(
    ("adapter", "word"),
    [("gone.py:Mine", "no file"), ("mine", "FILE.py"), (f"{ADAPTER}r", "no subclass")],
)
def test_an_adapter_that_is_not_there_is_refused(adapter: str, word: str, tmp_path: Path) -> None:
    with pytest.raises(MesascopeError, match=word):
        audited(saved(tmp_path, "aligned"), adapter)


def test_the_wrong_world_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MesascopeError, match="acts in 'corridor'"):
        audited(saved(tmp_path, "aligned"), world="maze")
    with pytest.raises(MesascopeError, match="no reference network"):
        audited(saved(tmp_path, "aligned"), "", world="maze")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precision_is_asked_in_single_precision_and_said(
    dtype: torch.dtype, tmp_path: Path
) -> None:
    path = changed(lambda w: {name: value.to(dtype) for name, value in w.items()})(tmp_path)
    opened = open_network(path, Source(adapter=ADAPTER))
    assert all(weight.dtype is torch.float32 for weight in opened.network.parameters())
    assert preflight(opened)
