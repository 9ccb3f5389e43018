"""Positions are looked for on the axis that has them, and refused where nothing tells which."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from probes.causal.intervene import InterventionError, Where, ablated, noised, patched, steered
from probes.linear.features import FeatureError, Features
from probes.network.capture import capture, read_sites, run
from scripted import generator

ROWS, HEADS, LENGTH, WIDTH = 3, 2, 5, 7


class Attends(nn.Module):
    """Attention whose sites have the names and shapes of TransformerLens."""

    def __init__(self) -> None:
        super().__init__()
        for name in ("q", "rot_q", "attn_scores", "pattern", "other", "pooled", "out"):
            setattr(self, f"hook_{name}", nn.Identity())

    def forward(self, rows: Tensor) -> Tensor:
        q = self.hook_q(rows.view(-1, LENGTH, HEADS, WIDTH))
        rotated = self.hook_rot_q(q.transpose(1, 2))
        scores = self.hook_attn_scores(rotated @ rotated.transpose(2, 3))
        pattern = self.hook_other(self.hook_pattern(scores.softmax(dim=3)))
        z = (pattern @ rotated).transpose(1, 2).reshape(-1, LENGTH, HEADS * WIDTH)
        self.hook_pooled(z.mean(dim=1))
        out: Tensor = self.hook_out(z)
        return out


NET = Attends()
INPUTS = torch.randn(ROWS, LENGTH, HEADS * WIDTH, generator=generator())
SITES = ("hook_q", "hook_attn_scores", "hook_pattern", "hook_out")


@pytest.mark.parametrize("site", SITES)
def test_positions_and_width_are_those_of_the_network(site: str) -> None:
    read = read_sites(NET, INPUTS, [site])[site]
    width = read[0].numel() // LENGTH
    given = Features.given(capture(NET, INPUTS, [site]))
    for features in (Features.of_network(NET, INPUTS, [site]), given):
        assert features.shape(site) == (LENGTH, width)
        (block,) = features.blocks(site)
        by_position = read if site in ("hook_q", "hook_out") else read.transpose(1, 2)
        assert torch.equal(block.rows, by_position.reshape(ROWS, LENGTH, width))


@pytest.mark.parametrize("site", SITES)
def test_interventions_at_a_position_change_that_position_alone(site: str) -> None:
    """Ablating what a query reads changes what this query writes; keys are not what is meant."""
    before, where = read_sites(NET, INPUTS, [site])[site], Where(positions=(1, 4))
    axis = 1 if site in ("hook_q", "hook_out") else 2
    changed: dict[str, Tensor] = {}

    def keep(name: str) -> None:
        # hooks run in the order in which they were put there, so this one sees what was put in
        changed[name] = read_sites(NET, INPUTS, [site])[site]

    with ablated(NET, [site], where=where):
        keep("ablated")
    with patched(NET, {site: torch.zeros_like(before)}, where=where):
        keep("patched")
    with noised(NET, [site], scale=1.0, generator=generator(), where=where):
        keep("noised")
    with steered(NET, {site: torch.ones(before.shape[-1])}, positions=(1, 4)):
        keep("steered")
    for name, after in changed.items():
        differs = (after != before).movedim(axis, 0).flatten(1).any(dim=1)
        assert differs.tolist() == [False, True, False, False, True], name
    assert torch.equal(changed["ablated"], changed["patched"])


def test_a_query_that_attends_to_nothing_writes_nothing() -> None:
    before = run(NET, INPUTS)
    with ablated(NET, ["hook_pattern"], where=Where(positions=(2,))):
        after = run(NET, INPUTS)
    assert torch.equal(after[:, 2], torch.zeros_like(after[:, 2]))
    assert torch.equal(after[:, [0, 1, 3, 4]], before[:, [0, 1, 3, 4]])


@pytest.mark.parametrize("site", ["hook_other", "hook_pooled", "hook_rot_q"])
def test_a_site_whose_positions_nobody_can_tell_is_refused(site: str) -> None:
    before = run(NET, INPUTS)
    with (
        pytest.raises(InterventionError, match=rf"{site}.*which axis runs over positions"),
        ablated(NET, [site], where=Where(positions=(0,))),
    ):
        run(NET, INPUTS)
    with ablated(NET, [site]):
        assert run(NET, INPUTS).shape == before.shape, "all of it can be changed"


def test_features_of_a_network_refuse_what_given_ones_say_themselves() -> None:
    with pytest.raises(FeatureError, match=r"hook_other.*which axis runs over positions"):
        Features.of_network(NET, INPUTS, ["hook_other"]).shape("hook_other")
    assert Features.of_network(NET, INPUTS, ["hook_pooled"]).shape("hook_pooled") == (1, 14)
    assert Features.given({"mine": torch.ones(3, 5, 2, 2)}).shape("mine") == (5, 4)


@pytest.mark.parametrize("site", SITES)
def test_positions_beyond_the_last_are_refused_by_name(site: str) -> None:
    where = Where(positions=(LENGTH,))
    with (
        pytest.raises(InterventionError, match=rf"not among the {LENGTH} of site '{site}'"),
        ablated(NET, [site], where=where),
    ):
        run(NET, INPUTS)
