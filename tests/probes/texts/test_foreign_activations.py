"""Activations that another program wrote are read as they are, or refused with the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from hostile_folders import edit_json
from probes.errors import MesascopeError
from probes.linear.features import FeatureError
from probes.texts.foreign import read_foreign
from scripted import generator

FIRST = torch.randn(6, 2, 3, generator=generator())
SECOND = FIRST.flip(0).to(torch.bfloat16)
FLAT = FIRST[:, 0].contiguous()


def folder_of(folder: Path, **told: Any) -> Path:
    """Two sites of two positions, one by numpy and one by torch."""
    folder.mkdir()
    np.save(folder / "first.npy", FIRST.numpy())
    save_file({"late": SECOND, "other": FLAT}, folder / "second.safetensors")
    sites = {"early": "first.npy", "late": "second.safetensors"}
    (folder / "manifest.json").write_text(json.dumps({"sites": sites, **told}))
    return folder


def test_sites_labels_and_groups_are_those_of_the_folder(tmp_path: Path) -> None:
    given = {"labels": [0, 1] * 3, "groups": ["a", "a", 2, 2, "b", "b"], "positions": ["x", "end"]}
    found = read_foreign(folder_of(tmp_path / "a", shape=[6, 2, 3], **given))
    assert found.labels == (0, 1) * 3
    assert found.groups == ("a", "a", "2", "2", "b", "b")
    assert found.activations.positions == ("x", "end")
    features = found.activations.features()
    assert features.sites == ("early", "late")
    for site, wanted in (("early", FIRST), ("late", SECOND.float())):
        assert torch.equal(torch.cat([block.rows for block in features.blocks(site)]), wanted)


def test_a_site_without_positions_has_one(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    np.save(folder / "a.npy", FLAT.numpy().astype(np.float64))
    (folder / "manifest.json").write_text(json.dumps({"sites": {"a": "a.npy"}, "shape": [6, 3]}))
    found = read_foreign(folder)
    assert (found.labels, found.groups, found.activations.positions) == (None, None, ("0",))
    assert torch.equal(found.activations.values["a"][:, 0], FLAT.double())


def told(**values: Any) -> Callable[[Path], None]:
    return lambda folder: edit_json(folder / "manifest.json", lambda each: each.update(values))


def array(values: Any) -> Callable[[Path], None]:
    return lambda folder: np.save(folder / "first.npy", values, allow_pickle=True)


REFUSED: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no manifest": (lambda folder: (folder / "manifest.json").unlink(), "no manifest.json"),
    "no JSON": (lambda folder: (folder / "manifest.json").write_text("{"), "not valid JSON"),
    "no sites": (told(sites={}), "names no sites"),
    "an unknown key": (told(label=[1]), "wants the keys"),
    "a file elsewhere": (told(sites={"a": "../first.npy"}), "in the same folder"),
    "no file": (told(sites={"a": "third.npy"}), "in the same folder"),
    "another kind of file": (told(sites={"a": "manifest.json"}), "neither"),
    "several tensors": (told(sites={"a": "second.safetensors"}), "wanted one tensor or 'a'"),
    "objects": (array(np.array([{}, {}], dtype=object)), "cannot be read"),
    "whole numbers": (array(np.ones((6, 2, 3), dtype=int)), "wanted floating-point"),
    "one axis": (array(np.ones(6)), "wanted floating-point"),
    "nothing": (array(np.ones((0, 2, 3))), "wanted floating-point"),
    "torn": (lambda folder: (folder / "first.npy").write_bytes(b"\x93NUMPY"), "cannot be read"),
    "other texts": (array(np.ones((5, 2, 3))), "differ in texts and positions"),
    "another shape": (told(shape=[6, 2, 4]), "manifest.json says"),
    "labels of another number": (told(labels=[0, 1]), "has 2 labels, and the .* have 6"),
    "one class": (told(labels=[1] * 6), "labels 0 and 1, both"),
    "three classes": (told(labels=[0, 1, 2] * 2), "labels 0 and 1, both"),
    "words as labels": (told(labels=["a", "b"] * 3), "no list of words or numbers"),
    "positions of another number": (told(positions=["x"]), "has 1 positions"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused(name: str, tmp_path: Path) -> None:
    damage, message = REFUSED[name]
    folder = folder_of(tmp_path / "a")
    np.save(tmp_path / "first.npy", FIRST.numpy())
    damage(folder)
    with pytest.raises(MesascopeError, match=message):
        read_foreign(folder)


def test_numbers_that_are_not_finite_are_found_before_a_probe_is_fitted(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "a")
    np.save(folder / "first.npy", np.where(FIRST.numpy() == FIRST[3, 0, 0].item(), np.nan, 1.0))
    with pytest.raises(FeatureError, match="not finite for instance 3"):
        list(read_foreign(folder).activations.features().blocks("early"))
