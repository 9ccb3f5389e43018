"""Hooks read and replace what they say, as TransformerLens does; no stream replays another."""

import pytest
import torch
from torch import Tensor

from organisms.nets.net import OrganismNet
from organisms.records.net_spec import NetSpec
from probes.network.access import Access, AccessDenied
from probes.network.capture import BATCH, Edit, UnknownSite, capture, run
from probes.network.streams import MAX_SEED, stream_seed
from scripted import SMALL_MAZE as MAZE
from scripted import generator, suspect_of

NET = OrganismNet(MAZE.net_shape(NetSpec(16, 2, 2)), generator=generator()).eval()
TOKENS = MAZE.tokens(MAZE.sample(12, generator=generator(1)))
HOOKS = sorted(NET.hook_dict)


def shaken(activation: Tensor) -> Tensor:
    """Noise, because scaling and shifting are undone by softmax and layer norm."""
    return activation + torch.randn(activation.shape, generator=generator(2))


def test_every_block_has_its_hook_points() -> None:
    per_block = ("resid_pre", "resid_mid", "resid_post", "attn_out", "mlp_out", "mlp_post")
    wanted = {f"blocks.{n}.hook_{name}" for n in (0, 1) for name in per_block}
    wanted |= {f"blocks.{n}.attn.hook_{name}" for n in (0, 1) for name in "qkvz"}
    assert wanted | {"hook_embed", "hook_pos_embed", "hook_normalized"} == set(HOOKS)


@pytest.mark.parametrize("site", HOOKS)
def test_every_hook_point_reaches_the_logits(site: str) -> None:
    before = run(NET, TOKENS)
    after = run(NET, TOKENS, {site: shaken})
    assert not torch.allclose(before, after, atol=1e-3)
    assert torch.equal(run(NET, TOKENS, {site: lambda x: x}), before)
    assert torch.equal(run(NET, TOKENS), before)


@pytest.mark.parametrize("site", HOOKS)
@torch.no_grad()
def test_agrees_with_transformer_lens(site: str) -> None:
    _, cache = NET.run_with_cache(TOKENS)
    assert torch.equal(capture(NET, TOKENS, [site])[site], cache[site])
    theirs = NET.run_with_hooks(TOKENS, fwd_hooks=[(site, lambda x, hook: shaken(x))])
    assert torch.equal(run(NET, TOKENS, {site: shaken}), theirs)


def fails(activation: Tensor) -> Tensor:
    raise RuntimeError("inside the hook")


@pytest.mark.parametrize(
    ("edits", "error", "word"),
    [
        ({"hook_embed": shaken, "blocks.1.hook_mlp_out": fails}, RuntimeError, "inside"),
        ({"hook_embed": lambda x: x[:, :1]}, ValueError, "returned shape"),
        ({"hook_embed": shaken, "hook_nothing": shaken}, UnknownSite, "hook_nothing"),
        ({"hook_embed": shaken, "blocks": shaken}, UnknownSite, "did not run"),
    ],
)
def test_an_edit_that_cannot_be_made_is_an_error_and_leaves_no_hook(
    edits: dict[str, Edit], error: type[Exception], word: str
) -> None:
    before = run(NET, TOKENS)
    with pytest.raises(error, match=word):
        run(NET, TOKENS, edits)
    assert not any(module._forward_hooks for module in NET.modules())
    assert torch.equal(run(NET, TOKENS), before)


def test_batches_do_not_change_the_result() -> None:
    many = TOKENS.repeat(BATCH // len(TOKENS) + 2, 1, 1)
    assert len(many) > BATCH
    assert torch.allclose(run(NET, many)[: len(TOKENS)], run(NET, TOKENS), atol=1e-5)
    assert len(capture(NET, many, ["hook_embed"])["hook_embed"]) == len(many)


def test_every_use_is_checked_and_counted() -> None:
    suspect = suspect_of(NET, MAZE)
    levels = MAZE.sample(5, generator=suspect.generator())
    suspect.outputs(levels)
    suspect.capture(levels, ["hook_embed"])
    suspect.intervene(levels, {"hook_embed": shaken})
    suspect.at(Access.OUTPUTS).outputs(levels)
    assert suspect.meter.forward_passes == 20
    for access, use in (
        (Access.NONE, lambda view: view.outputs(levels)),
        (Access.OUTPUTS, lambda view: view.capture(levels, ["hook_embed"])),
        (Access.OUTPUTS, lambda view: view.sites()),
        (Access.OUTPUTS, lambda view: view.untrained()),
        (Access.ACTIVATIONS, lambda view: view.intervene(levels, {})),
        (Access.INTERVENTIONS, lambda view: view.network()),
        (Access.NONE, lambda view: view.at(Access.OUTPUTS)),
    ):
        with pytest.raises(AccessDenied):
            use(suspect.at(access))
    assert suspect.meter.forward_passes == 20


def test_names_and_seeds_that_lie_in_range_give_different_streams_of_32_bits() -> None:
    names = ("weights", "training", "trigger", "admission", "battery")
    seeds = [stream_seed(name, seed) for name in names for seed in range(200)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert stream_seed("battery", 7) == stream_seed("battery", 7)
    for refused in (-1, MAX_SEED):
        with pytest.raises(ValueError, match="a seed lies in"):
            stream_seed("battery", refused)
