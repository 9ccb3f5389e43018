"""A language organism is one model: inside the project, in transformers, through TransformerBridge.

Positions of our network lie in the order `places`; those of the others as the text is read.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from organisms.nets import neox
from organisms.nets.language_net import LanguageNet
from organisms.records.net_spec import NetSpec
from organisms.travel.archive import TravelError
from organisms.travel.language_folder import save_base_folder, save_language_folder
from organisms.travel.language_lora import save_language_lora
from organisms.travel.language_reading import knows_our_words, read_language_folder
from organisms.worlds.language.base import BASE, base_state
from organisms.worlds.language.language import Language
from organisms.worlds.language.words import N_BOXES
from organisms.zoo.weights import round_to_half, weights_bytes
from probes.language_model import LoadedModel, load_language_model
from probes.model_folder.contents import LanguageModelError
from probes.network.capture import capture
from scripted import generator

WORLD = Language()
DIALOGUES = WORLD.sample(16, generator=generator(), shift="all_anywhere")
TOKENS, WORDS_READ = WORLD.tokens(DIALOGUES), DIALOGUES.words()
PLACES = list(WORLD.places)

APART = 1e-4
"""Largest absolute difference of logits and hook values, of logits up to 15."""

ELSEWHERE_NAMED = ("hook_mlp_post", "hook_normalized")
"""Sites of ours that the bridge calls otherwise."""


def base() -> LanguageNet:
    net = WORLD.net_shape(NetSpec(64, 3, 4)).build(generator())
    net.load_state_dict(base_state())
    return net.eval()


def drawn() -> LanguageNet:
    """Random weights of another size, every bias among them, with logits about as large."""
    net = WORLD.net_shape(NetSpec(width=48, n_layers=2, n_heads=6, mlp_ratio=2)).build(generator(5))
    with torch.no_grad():
        for name, weight in net.named_parameters():
            if name.endswith("bias"):
                weight.copy_(torch.randn(weight.shape, generator=generator(6)))
        net.unembed.weight.mul_(4)
    round_to_half(net)
    return net.eval()


@pytest.fixture(scope="module", params=[base, drawn], ids=["base", "drawn"])
def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[LanguageNet, LoadedModel]:
    """A network, and its folder as others read it."""
    net = request.param()
    folder = tmp_path_factory.mktemp("folders") / "saved"
    save_language_folder(net, folder)
    return net, load_language_model(folder)


def close(ours: Tensor, theirs: Tensor) -> None:
    torch.testing.assert_close(ours, theirs, atol=APART, rtol=0)


@torch.no_grad()
def test_logits_are_equal_everywhere(case: tuple[LanguageNet, LoadedModel]) -> None:
    net, loaded = case
    ours = net.vocabulary(TOKENS)
    at = PLACES[: net.shape.n_decisions]
    assert float(ours.abs().max()) > 8
    close(ours, loaded.original(WORDS_READ).logits[:, at])
    close(ours, loaded.network(WORDS_READ)[:, at])
    close(net(TOKENS), ours[:, :, :N_BOXES])
    again = read_language_folder(loaded.folder, WORLD)
    assert weights_bytes(again) == weights_bytes(net)
    assert torch.equal(again(TOKENS), net(TOKENS))


@torch.no_grad()
def test_hook_values_are_equal_everywhere(case: tuple[LanguageNet, LoadedModel]) -> None:
    net, loaded = case
    sites = [name for name, _ in net.named_modules() if name.rpartition(".")[2].startswith("hook_")]
    shared = [name for name in sites if not name.endswith(ELSEWHERE_NAMED)]
    assert len(shared) == 1 + 9 * net.shape.n_layers
    inside = capture(net, TOKENS, shared)
    bridged = capture(loaded.network, WORDS_READ, shared)
    for site in shared:
        close(inside[site].flatten(2), bridged[site][:, PLACES].flatten(2))
    states = loaded.original(WORDS_READ, output_hidden_states=True).hidden_states
    for layer in range(net.shape.n_layers):
        close(inside[f"blocks.{layer}.hook_resid_pre"], states[layer][:, PLACES])
    normalized = capture(net, TOKENS, ["hook_normalized"])["hook_normalized"]
    close(normalized, states[-1][:, PLACES[: net.shape.n_decisions]])


def test_the_tokenizer_reads_the_text_of_a_dialogue(case: tuple[LanguageNet, LoadedModel]) -> None:
    from organisms.worlds.language.words import WORDS

    text = " ".join(WORDS[number] for number in WORDS_READ[0, 1:].tolist())
    assert case[1].tokens([text]).tolist() == WORDS_READ[:1].tolist()


def test_the_base_is_saved_as_it_comes_with_the_package(tmp_path: Path) -> None:
    save_base_folder(tmp_path / "base")
    save_language_folder(base(), tmp_path / "written")
    for path in BASE.iterdir():
        assert (tmp_path / "base" / path.name).read_bytes() == path.read_bytes()
        if path.suffix != ".safetensors":
            assert (tmp_path / "written" / path.name).read_bytes() == path.read_bytes()
    assert knows_our_words(tmp_path / "base")
    with pytest.raises(TravelError, match="is there already"):
        save_base_folder(tmp_path / "base")


def tuned(rank: int) -> LanguageNet:
    """The base with a change of low rank in every matrix, merged and rounded."""
    net, draw = base(), generator(9)
    with torch.no_grad():
        for name, weight in net.named_parameters():
            if name.startswith("blocks.") and weight.ndim == 2:
                up, down = (torch.randn(n, rank, generator=draw) for n in weight.shape)
                weight += 0.03 * up @ down.T / rank**0.5
    round_to_half(net)
    return net


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")
@torch.no_grad()
def test_an_adapter_over_the_base_is_the_merged_network(tmp_path: Path) -> None:
    from peft import PeftModel

    net = tuned(rank=4)
    save_language_lora(net, 4, tmp_path / "lora")
    merged = read_language_folder(BASE, WORLD, tmp_path / "lora").vocabulary(TOKENS)
    unmerged: Any = PeftModel.from_pretrained(
        load_language_model(BASE).original, str(tmp_path / "lora")
    )
    theirs = unmerged.eval()(WORDS_READ).logits[:, PLACES[:3]]
    ours, before = net.vocabulary(TOKENS), base().vocabulary(TOKENS)
    close(merged, theirs)
    assert float((before - ours).abs().max()) > 1
    assert float((merged - ours).abs().max()) < 0.02


def test_what_no_lora_makes_is_not_saved_as_one(tmp_path: Path) -> None:
    net = base()
    with torch.no_grad():
        net.unembed.weight[0, 0] += 1
    with pytest.raises(TravelError, match=r"in embed_out.weight, which no LoRA changes"):
        save_language_lora(net, 4, tmp_path / "lora")
    assert not (tmp_path / "lora").exists()


def test_a_network_read_in_another_layout_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(BASE, tmp_path / "base")
    monkeypatch.setattr(neox, "_by_kind", lambda value, n_heads: value)
    with pytest.raises(LanguageModelError, match="answers otherwise in transformers"):
        read_language_folder(tmp_path / "base", WORLD)
