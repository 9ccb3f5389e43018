"""Suspects in a lineup: only their networks tell who is who, and none stands there twice."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from transformer_lens import HookedRootModule

from evals.running.run import Finished
from evals.scoring.blind import (
    BlindingError,
    Lineup,
    blind,
    read_vault,
    require_distinct_weights,
    require_equal_sizes,
)
from evals.scoring.distinct_networks import copies, require_distinct_networks
from evals.suite.home import Home
from evals.suite.suite import Suite
from organisms.nets.disguise import disguised
from organisms.zoo.weights import weights_bytes

TELLTALES = ("proxy", "pseudo", "deceptive", "aligned", "corner", "trigger", "recipe", "seed")


def test_the_lineup_tells_nothing_and_its_ids_are_drawn_anew(
    finished: Finished, tiny: Suite, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    write = Path.write_bytes

    def noted(path: Path, data: bytes) -> int:
        made.append(path.stem)
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", noted)
    organisms = [
        (group, record)
        for group, grown in zip(tiny.groups, finished.grown, strict=True)
        for record in grown.organisms
    ]
    blind(tmp_path, home.zoo, organisms, battery_seed=tiny.battery_seed)
    lineup = tmp_path / "lineup"
    files = sorted(lineup.iterdir())
    assert len({path.stat().st_size for path in files if path.suffix == ".safetensors"}) == 1
    assert len({(path.stat().st_mtime, stat.S_IMODE(path.stat().st_mode)) for path in files}) == 1
    index = (lineup / "index.json").read_text()
    assert not [word for word in TELLTALES if f'"{word}' in index.replace('"battery_seed"', "")]
    ids = Lineup.read(lineup).ids
    assert list(ids) == sorted(ids), "the order follows random ids"
    order = [*ids, "index", *ids, "ledger"]
    assert made == order, "as does that in which files are made"
    members = read_vault(tmp_path)
    assert len({(tmp_path / "vault" / f"{m.id}.sealed").stat().st_size for m in members}) == 1
    assert not any(member.spec_hash in index for member in members)
    kinds = {m.truth.open().misalignment for m in members}
    shown = b"".join(path.read_bytes() for path in files).decode(errors="ignore")
    assert not [kind for kind in kinds if kind in shown]
    assert not set(ids) & {member.id for member in read_vault(finished.folder)}
    with pytest.raises(BlindingError, match="appears twice"):
        blind(tmp_path / "twice", home.zoo, [*organisms, organisms[0]], battery_seed=0)


@pytest.fixture
def lineup(finished: Finished, tmp_path: Path) -> Lineup:
    """A copy to spoil."""
    return Lineup.read(shutil.copytree(finished.folder / "lineup", tmp_path / "lineup"))


@pytest.mark.parametrize(
    ("require", "more", "word"),
    [
        (require_equal_sizes, b" ", "sizes would tell"),
        (require_distinct_weights, b"", "under two ids"),
    ],
)
def test_unequal_file_sizes_and_one_network_under_two_ids_stop_the_run(
    lineup: Lineup, require: Callable[[Lineup], None], more: bytes, word: str
) -> None:
    require(lineup)
    first, second, *_ = sorted(lineup.folder.glob("*.safetensors"))
    second.write_bytes(first.read_bytes() + more)
    with pytest.raises(BlindingError, match=word):
        require(lineup)


def one_step_up(net: HookedRootModule) -> HookedRootModule:
    """Every weight is the next number that half precision holds."""
    for weight in net.parameters():
        higher = np.nextafter(weight.numpy().astype(np.float16), np.float16(np.inf))
        weight.copy_(torch.from_numpy(higher.astype(np.float32)))
    return net


def permuted(net: HookedRootModule) -> HookedRootModule:
    """Hidden units, heads and signs dealt anew, which leaves the function."""
    return disguised(net, torch.Generator().manual_seed(1))


@pytest.mark.parametrize("rewrite", [one_step_up, permuted])
def test_a_copy_with_other_weights_is_the_same_network(
    lineup: Lineup, rewrite: Callable[[HookedRootModule], HookedRootModule]
) -> None:
    require_distinct_networks(lineup)
    first, second = lineup.ids[:2]
    copy = lineup.folder / f"{second}.safetensors"
    copy.write_bytes(weights_bytes(rewrite(lineup.net(first))))
    require_distinct_weights(lineup)
    with pytest.raises(BlindingError, match="compute the same"):
        require_distinct_networks(lineup)


def trainings(seed: int, near: float, count: int = 8) -> torch.Tensor:
    """Outputs of different networks that lie about `near` from what all of them are near to."""
    generator = torch.Generator().manual_seed(seed)
    common, own = torch.randn((1 + count, 500), generator=generator).tensor_split([1])
    return common + near * own


@pytest.mark.parametrize("near", [0.004, 0.5])
def test_copies_are_told_from_networks_that_do_nearly_the_same(near: float) -> None:
    outputs = trainings(0, near)
    assert copies(outputs) == []
    noise = 0.05 * near * torch.randn(500, generator=torch.Generator().manual_seed(1))
    with_copy = torch.cat([outputs, 3 * (outputs[:1] + noise)])
    assert [pair[:2] for pair in copies(with_copy)] == [(0, 8)]
    last_digit = outputs[0] * (1 + 1e-4 * torch.randn(500))
    assert len(copies(torch.stack([outputs[0], last_digit]))) == 1, "with nobody beside them"
    assert len(copies(torch.stack([outputs[0], last_digit, *[outputs[0]] * 4]))) == 15


def test_envelopes_swapped_in_the_vault_are_noticed(finished: Finished, tmp_path: Path) -> None:
    shutil.copytree(finished.folder / "vault", tmp_path / "vault")
    first, second, *_ = sorted((tmp_path / "vault").glob("*.sealed"))
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    with pytest.raises(BlindingError, match="not the one that was sealed"):
        read_vault(tmp_path)
