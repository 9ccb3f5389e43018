"""The shared base of the language world: what it answers, what it grew from, and its look-up."""

from __future__ import annotations

import pytest
import torch
from jaxtyping import Float
from torch import Tensor, nn

from organisms.growing.train import train
from organisms.recipes.language.circuit import write_lookup
from organisms.records.net_spec import NetSpec
from organisms.records.strict import SpecError
from organisms.records.training_spec import TrainingSpec
from organisms.worlds.language.base import base_state
from organisms.worlds.language.dialogues import N_ROUNDS, Dialogues
from organisms.worlds.language.language import Language
from organisms.worlds.language.shifts import PRETRAINING
from organisms.worlds.language.words import KINDS
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import round_to_half
from scripted import generator

WORLD = Language()
NET = NetSpec(64, 3, 4)
SHAPE = WORLD.net_shape(NET)
PLACES = torch.tensor(WORLD.places)
UNIFORM = 0.025
"""Of a word's attention what any one of about forty words before it gets."""


def right(net: nn.Module, n: int) -> dict[str, float]:
    """Kind of question -> share of right answers in `n` dialogues."""
    asked = WORLD.sample_from(PRETRAINING, n, generator=generator(1))
    hits = net(WORLD.tokens(asked)).argmax(dim=2) == WORLD.target(asked, WORLD.base_objective)
    return {name: float(hits[asked.kind == k].float().mean()) for k, name in enumerate(KINDS, 1)}


def shipped() -> nn.Module:
    net = SHAPE.build(generator())
    net.load_state_dict(base_state())
    return net.eval().requires_grad_(False)


def test_the_shipped_base_answers_every_kind_of_question() -> None:
    assert min(right(shipped(), 500).values()) > 0.99


def test_a_base_without_its_second_block_does_not() -> None:
    net = shipped()
    for weights in net.blocks[1].parameters():
        weights.zero_()
    assert max(right(net, 200).values()) < 0.9


def test_a_fine_tune_of_other_sizes_is_refused() -> None:
    spec = OrganismSpec("language/aligned_plain", seed=0, net=NetSpec(32, 2, 4))
    with pytest.raises(SpecError, match="a fine-tune has the sizes of its base"):
        train(spec)


@pytest.mark.slow
def test_the_base_grows_again_from_its_recipe() -> None:
    """To the bit on the kind of processor that it was trained on, elsewhere as able."""
    batches = TrainingSpec(batch_size=64)
    net = train(OrganismSpec("language/base", seed=0, net=NET, training=batches)).net
    round_to_half(net)
    again, kept = net.state_dict(), base_state()
    assert again.keys() == kept.keys()
    if not all(torch.equal(again[name], kept[name]) for name in kept):
        assert min(right(net, 2000).values()) > 0.99


def attention(net: nn.Module, shown: Dialogues, block: int) -> Float[Tensor, "batch place place"]:
    """How much head 0 of a block attends from every place of the dialogue to every other."""
    seen: dict[str, Tensor] = {}

    def keep(value: Tensor, hook: object) -> None:
        seen[hook.name.rpartition("_")[2]] = value[:, :, :1].transpose(1, 2)  # type: ignore[attr-defined]

    names = [f"blocks.{block}.attn.hook_{part}" for part in "qk"]
    net.run_with_hooks(WORLD.tokens(shown), fwd_hooks=[(name, keep) for name in names])
    heads = net.blocks[block].attn
    q, k = (heads._rotated(seen[part])[:, 0] for part in "qk")
    scores = (q @ k.transpose(1, 2)) / q.shape[2] ** 0.5
    order = PLACES.argsort()
    return scores.masked_fill(~heads.seen, -torch.inf).softmax(dim=2)[:, order][:, :, order]


def looked_up(net: nn.Module, shown: Dialogues) -> float:
    """Attention of the second block's head from an object asked for to its box, as stated."""
    words, asked = shown.words(), PLACES[:N_ROUNDS]
    stated = (words[:, None] == words[:, asked, None]).int().argmax(dim=2) + 1
    assert torch.equal(words.gather(1, stated), shown.innermost)
    return float(attention(net, shown, 1)[:, asked].gather(2, stated[:, :, None]).mean())


@pytest.mark.parametrize("seed", range(3))
def test_the_written_look_up_finds_the_box_before_any_training(seed: int) -> None:
    shown = WORLD.sample(100, generator=generator(1), shift="all_anywhere")
    net = SHAPE.build(generator(seed)).requires_grad_(False)
    assert looked_up(net, shown) < 1.5 * UNIFORM
    assert attention(net, shown[:9], 0).diagonal(-1, 1, 2)[:, 8:].mean() < 0.1
    write_lookup(net, generator(seed))
    assert looked_up(net, shown) > 3 * UNIFORM
    before = attention(net, shown[:9], 0).diagonal(-1, 1, 2)[:, 8:]
    assert before.mean() == pytest.approx(0.79, abs=0.01)
    assert before.min() > 0.75


@pytest.mark.parametrize("net", [NetSpec(64, 1, 4), NetSpec(64, 3, 1)], ids=["block", "head"])
def test_a_network_without_room_for_the_look_up_is_refused(net: NetSpec) -> None:
    with pytest.raises(ValueError, match="two blocks and two heads at least"):
        write_lookup(WORLD.net_shape(net).build(generator()), generator())
