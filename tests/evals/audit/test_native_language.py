"""A folder with the words of the language world is audited as itself, or refused with a reason."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from calling import Typed
from evals.audit.opening import Source, open_network
from hostile_folders import edit_json
from language_folders import language_model
from organisms.nets.language_net import LanguageNet
from organisms.travel.language_lora import save_language_lora
from organisms.worlds.language.base import BASE
from organisms.worlds.language.language import Language
from organisms.worlds.language.words import WORDS
from scripted import generator

WORLD = Language()
TOKENS = WORLD.tokens(WORLD.sample(16, generator=generator()))
TURNED = dict(zip(WORDS, [*range(1, len(WORDS)), 0], strict=True))
"""The words in another order."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(BASE, tmp_path / "model")


def answers(folder: Path, lora: Path | None = None) -> torch.Tensor:
    opened = open_network(folder, Source(world="language", lora=lora))
    assert isinstance(opened.network, LanguageNet)
    logits: torch.Tensor = opened.network(TOKENS)
    return logits


def turn_words(folder: Path) -> None:
    """Another number for every word, in the tokenizer alone."""

    def turn(table: dict[str, Any]) -> None:
        table["model"]["vocab"] = TURNED
        begin = table["post_processor"]["special_tokens"]["<s>"]
        begin["ids"] = [TURNED["<s>"]]

    edit_json(folder / "tokenizer.json", turn)


def turn_weights(folder: Path) -> None:
    """The rows that belong to the words of `turn_words`."""
    path = folder / "model.safetensors"
    weights = load_file(path)
    for name in ("gpt_neox.embed_in.weight", "embed_out.weight"):
        weights[name] = weights[name].roll(1, dims=0)
    save_file(weights, path, {"format": "pt"})


def test_words_in_another_order_are_put_in_ours(folder: Path) -> None:
    turn_words(folder)
    assert not torch.allclose(answers(folder), answers(BASE), atol=1)
    turn_weights(folder)
    assert torch.equal(answers(folder), answers(BASE))


def test_a_folder_that_transformers_wrote_again_is_the_same_network(folder: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        AutoModelForCausalLM.from_pretrained(folder).save_pretrained(folder.parent / "again")
        AutoTokenizer.from_pretrained(folder).save_pretrained(folder.parent / "again")
    again, base = (open_network(each, Source()) for each in (folder.parent / "again", folder))
    assert again.weights_sha256 == base.weights_sha256


def torn(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-9])


def settings(**values: object) -> Callable[[Path], None]:
    return lambda folder: edit_json(folder / "config.json", lambda told: told.update(values))


def words(edit: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    return lambda folder: edit_json(folder / "tokenizer.json", edit)


def other_architecture(folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        language_model("llama").save_pretrained(folder)


def unrelated(folder: Path) -> None:
    path = folder / "model.safetensors"
    weights = load_file(path)
    draw = generator(3)
    drawn = {name: torch.randn(w.shape, generator=draw).half() for name, w in weights.items()}
    save_file(drawn, path, {"format": "pt"})


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "another architecture": (other_architecture, "llama, wanted gpt_neox"),
    "blocks in parallel": (
        settings(use_parallel_residual=True), "use_parallel_residual is True, wanted False",
    ),
    "other angles": (settings(rotary_pct=0.25), "rope_parameters is"),
    "another activation": (settings(hidden_act="relu"), "hidden_act is relu, wanted gelu"),
    "shorter texts": (settings(max_position_embeddings=40), "a dialogue has 45"),
    "odd heads": (settings(num_attention_heads=64), "not divisible by 64 even heads"),
    "other shapes": (settings(hidden_size=32, intermediate_size=128), "other shapes"),
    "fewer words in the model": (
        words(lambda told: told["model"]["vocab"].update(ball=90)), "knows 0 to 89",
    ),
    "one number for two words": (
        words(lambda told: told["model"]["vocab"].update(ball=10)), "no number of its own",
    ),
    "words in small letters": (
        words(lambda told: told.update(normalizer={"type": "Lowercase"})), "tokenizer of",
    ),
    "a word more": (
        words(lambda told: told["model"]["vocab"].update(spoon=90)), "Hugging Face folder",
    ),
    "a torn tokenizer": (
        lambda folder: (folder / "tokenizer.json").write_text("{") and None, "not valid JSON",
    ),
    "torn weights": (torn, "cannot be read"),
    "weights of nothing": (unrelated, "not the network that is described"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_folder_of_something_else_is_refused(name: str, folder: Path, typed: Typed) -> None:
    change, said = REFUSED[name]
    change(folder)
    assert said in typed("audit", folder, "--check", code=2)


def test_a_folder_acts_in_the_language_world_alone(folder: Path, typed: Typed) -> None:
    said = typed("audit", folder, "--world", "maze", "--check", code=2)
    assert "acts in 'language'" in said
    for named in ("", "language"):
        assert open_network(folder, Source(world=named)).environment == WORLD


def lora_of(folder: Path) -> Path:
    net = open_network(BASE, Source()).network
    assert isinstance(net, LanguageNet)
    draw = generator(8)
    with torch.no_grad():
        net.blocks[1].attn.W_O.weight += torch.outer(*(torch.randn(2, 64, generator=draw))) / 8
    save_language_lora(net, 1, folder / "lora")
    return folder / "lora"


def test_a_lora_is_merged_into_the_base_and_into_a_folder_like_it(folder: Path) -> None:
    lora = lora_of(folder.parent)
    changed = answers(BASE, lora)
    assert not torch.allclose(changed, answers(BASE), atol=0.1)
    turn_words(folder)
    turn_weights(folder)
    assert torch.equal(answers(folder, lora), changed)


FOREIGN: dict[str, Callable[[str, torch.Tensor], tuple[str, torch.Tensor]]] = {
    "of other shapes": lambda name, value: (name, torch.ones(value.shape[0] + 3, value.shape[1])),
    "of other names": lambda name, value: (name.replace("gpt_neox.", "model."), value),
    "with too few blocks": lambda name, value: (name.replace("layers.2", "layers.3"), value),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_lora_of_another_base_is_refused(kind: str, folder: Path, typed: Typed) -> None:
    lora = lora_of(folder.parent)
    path = lora / "adapter_model.safetensors"
    save_file(dict(FOREIGN[kind](name, value) for name, value in load_file(path).items()), path)
    said = typed("audit", folder, "--lora", lora, "--check", code=2)
    assert "an adapter that was trained on this model" in said


def test_a_lora_alone_is_told_what_it_lacks(tmp_path: Path, typed: Typed) -> None:
    assert "--lora" in typed("audit", lora_of(tmp_path), "--check", code=2)
