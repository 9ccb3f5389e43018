"""The compiled network has the hooks of a trained one and survives storage."""

from __future__ import annotations

from dataclasses import asdict, replace
from random import Random

import pytest
import torch
from compiled_problems import logits_of, random_tree, stacked, tokens_of

from organisms.nets.compiled.constructions import compile_bfs
from organisms.nets.compiled.draft import Draft, Full
from organisms.nets.compiled.gauge import disguise, rotations
from organisms.nets.compiled.layout import Layout, TreeTokens, memoriser_layout, planner_layout
from organisms.nets.compiled.net import CompiledShape
from organisms.nets.net import NetShape
from organisms.zoo.weights import net_of, round_to_half, weights_bytes
from probes.network.capture import capture
from worlds import generator

SHAPE = tokens_of(8).shape(n_layers=3)


def test_hooks_are_those_of_a_trained_network() -> None:
    trained = NetShape(
        n_decisions=8, n_others=14, vocabularies=(15, 9, 7), n_actions=8,
        width=16, n_layers=3, n_heads=4,
    ).build(generator(0))  # fmt: skip
    compiled = SHAPE.build(generator(0))
    assert set(compiled.hook_dict) == set(trained.hook_dict)
    problems = [random_tree(8, Random(0)) for _ in range(4)]
    read = capture(compiled, stacked(problems), sorted(compiled.hook_dict))
    assert all(bool(value.any()) for value in read.values())
    per_head = (4, 22, SHAPE.n_heads, SHAPE.head_width)
    assert read["blocks.1.attn.hook_q"].shape == per_head
    assert read["blocks.1.attn.hook_z"].shape == per_head
    assert read["hook_normalized"].shape == (4, 8, SHAPE.width)


def test_attention_is_softmax_attention() -> None:
    net = SHAPE.build(generator(1))
    attention = net.blocks[0].attn
    x = torch.randn(2, 5, SHAPE.width, generator=generator(2))
    expected = torch.zeros(2, 5, SHAPE.width)
    for h in range(SHAPE.n_heads):
        q, k, v = (x @ weight[h] for weight in (attention.W_Q, attention.W_K, attention.W_V))
        weights = (q @ k.transpose(1, 2) / SHAPE.head_width**0.5).softmax(dim=2)
        expected += weights @ v @ attention.W_O[h]
    torch.testing.assert_close(attention(x), expected)


def test_weights_are_stored_and_loaded() -> None:
    net = compile_bfs(tokens_of(8), n_layers=3, generator=generator(3)).net
    assert net.shape == SHAPE
    round_to_half(net)
    problems = [random_tree(8, Random(1)) for _ in range(10)]
    shape = CompiledShape(**asdict(net.shape))
    loaded = net_of(weights_bytes(net), shape, where="here", remedy="none")
    assert torch.equal(logits_of(loaded, problems), logits_of(net, problems))


def test_random_weights_and_rotations_follow_the_generator() -> None:
    one, two, three = (SHAPE.build(generator(seed)).unembed.weight for seed in (1, 1, 2))
    assert torch.equal(one, two)
    assert not torch.equal(one, three)
    assert float(one.detach().std()) == pytest.approx(SHAPE.width**-0.5, rel=0.1)
    turned, other = rotations(2, 9, generator())
    torch.testing.assert_close(turned @ turned.T, torch.eye(9, dtype=torch.float64))
    assert (turned - other).norm() > 1


def test_the_layout_has_no_gaps_and_no_overlaps() -> None:
    layouts = (planner_layout(tokens_of(8)), memoriser_layout(tokens_of(8)))
    assert layouts[0].width == layouts[1].width
    for layout in layouts:
        places = [layout.at(name) for name in layout.sizes]
        taken = [i for place in places for i in range(place.start, place.stop)]
        assert taken == list(range(layout.width))
    with pytest.raises(KeyError, match="no subspace 'plans'"):
        layout.at("plans")


def test_a_disguised_draft_computes_what_the_draft_says() -> None:
    layout = Layout({"kind": 7, "rest": 9})
    shape = replace(SHAPE, width=16, n_layers=1, vocabularies=(7,), hidden=4)
    draft = Draft(shape, layout)
    draft.embed(0, 0, "kind")
    flip = torch.zeros(1, 16, dtype=torch.float64)
    flip[0, 3] = 2.0
    draft.units(0, reads=flip, bias=-0.5, writes=flip)
    draft.tensors["unembed.weight"][:] = flip.repeat(8, 1)
    net = disguise(draft, generator=generator(1)).net
    tokens = torch.tensor([[[3], [4]] + [[0]] * 20])
    wanted = torch.tensor([2.0 + 2 * 1.5 * 2, 0.0, 0.0])
    torch.testing.assert_close(net(tokens)[0, :3, 0], wanted, atol=1e-4, rtol=0)


def test_what_does_not_fit_is_refused() -> None:
    draft = Draft(SHAPE, planner_layout(tokens_of(8)))
    rows = draft.rows(SHAPE.hidden + 1)
    with pytest.raises(Full, match="161"):
        draft.units(0, reads=rows, bias=0.0, writes=rows)
    with pytest.raises(ValueError, match="hidden must be positive"):
        replace(SHAPE, hidden=0)
    with pytest.raises(ValueError, match="need two nodes"):
        TreeTokens(n_nodes=1, n_edges=1, n_slots=1, n_values=1)
    with pytest.raises(ValueError, match="the layout is"):
        Draft(SHAPE, Layout({"kind": 7}))
