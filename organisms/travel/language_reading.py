"""A Hugging Face folder that knows the words of the language world, read into its own network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from organisms.nets.language_net import LanguageNet, LanguageShape
from organisms.nets.neox import from_neox
from organisms.travel.language_folder import neox_settings
from organisms.worlds.language.dialogues import N_ROUNDS, decision_places
from organisms.worlds.language.language import Language
from organisms.worlds.language.words import N_BOXES, WORDS
from probes.language_model import LoadedModel, load_language_model
from probes.model_folder.contents import SENTINEL, LanguageModelError, refused
from probes.network.streams import stream_seed
from probes.parsing import parse_json

TOKENIZER = "tokenizer.json"

FORM = (
    "intermediate_size", "hidden_act", "use_parallel_residual", "rope_parameters",
    "layer_norm_eps", "attention_bias",
)  # fmt: skip
"""Settings in which a folder must agree with those that this project writes."""

HEAD, OUTPUT = "lm_head.", "embed_out."
"""How newer versions of transformers call the unembedding once it is loaded, and in files."""

COMPARED, SAME = 8, 1e-3
"""Dialogues that both networks read, and the largest difference of logits between them, as a share
of the largest logit if that exceeds 1."""

REMEDY = (
    "fine-tune the shared base (`mesascope zoo save base FOLDER` writes it), or say how the model "
    "is asked with --adapter FILE.py:CLASS"
)


def knows_our_words(folder: Path) -> bool:
    """Whether the words of a folder's tokenizer are exactly those of the language world.

    Raises:
        UnreadableFile: the tokenizer is no JSON.
    """
    path = folder / TOKENIZER
    if not path.is_file():
        return False
    table = parse_json(path.read_bytes(), path, largest=SENTINEL)
    model = table.get("model") if isinstance(table, dict) else None
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    if not isinstance(vocabulary, dict):
        return False
    added = [one.get("content") for one in table.get("added_tokens") or () if isinstance(one, dict)]
    return {*vocabulary, *added} == {*WORDS}


def read_language_folder(folder: Path, world: Language, lora: Path | None = None) -> LanguageNet:
    """The network of a folder whose tokenizer knows exactly the words of the language world.

    The words may be numbered in another order: embedding and unembedding are put in ours. What the
    network answers is compared with what `transformers` makes of the folder.

    Args:
        lora: folder of an adapter, merged first.

    Raises:
        LanguageModelError: the folder or the adapter cannot be read, the model has another
            architecture, reads shorter texts than a dialogue, or splits a word.
    """
    loaded = load_language_model(folder, lora=lora)
    shape = _shape(loaded, world)
    numbers = _numbers(loaded)
    stored = {name.replace(HEAD, OUTPUT): w for name, w in loaded.original.state_dict().items()}
    state = from_neox(stored, shape.n_heads)
    for name in ("embed.weight", "unembed.weight"):
        state[name] = state[name][numbers]
    network = shape.build(torch.Generator().manual_seed(0))
    network.load_state_dict(state)
    network.eval().requires_grad_(False)
    _require_same(network, loaded, numbers, world)
    return network


def _numbers(loaded: LoadedModel) -> Int[Tensor, " word"]:
    """The number that the folder's tokenizer gives to each of our words."""
    with refused(f"the tokenizer of {loaded.folder}"):
        found = [loaded.tokenizer(word, add_special_tokens=False)["input_ids"] for word in WORDS]
    numbers = [ids[0] for ids in found if len(ids) == 1]
    split = [word for word, ids in zip(WORDS, found, strict=True) if len(ids) != 1]
    if split or len({*numbers}) < len(WORDS):
        raise LanguageModelError(
            f"the tokenizer of {loaded.folder} gives no number of its own to every word of the "
            f"language world ({', '.join(split[:3]) or 'two have the same'}); take that of the "
            "shared base, which `mesascope zoo save base FOLDER` writes"
        )
    if max(numbers) >= loaded.vocabulary:
        raise LanguageModelError(
            f"the tokenizer of {loaded.folder} has words up to number {max(numbers)}, and the "
            f"model knows 0 to {loaded.vocabulary - 1}; they belong to different models"
        )
    return torch.tensor(numbers)


def _shape(loaded: LoadedModel, world: Language) -> LanguageShape:
    """The shape of the network, once its settings are known to be ours."""
    from transformers import AutoConfig

    config: Any = loaded.original.config
    odd = f"{loaded.folder} has the words of the language world, and another kind of model"
    if config.model_type != "gpt_neox":
        raise LanguageModelError(f"{odd}: {config.model_type}, wanted gpt_neox; {REMEDY}")
    try:
        shape = LanguageShape(
            places=world.places,
            n_decisions=N_ROUNDS,
            n_words=len(WORDS),
            n_actions=N_BOXES,
            width=config.hidden_size,
            n_layers=config.num_hidden_layers,
            n_heads=config.num_attention_heads,
            mlp_ratio=max(1, config.intermediate_size // config.hidden_size),
        )
    except ValueError as error:
        raise LanguageModelError(f"{odd}: {error}; {REMEDY}") from error
    ours = AutoConfig.for_model(**neox_settings(shape))
    differing = [
        f"{name} is {getattr(config, name)}, wanted {getattr(ours, name)}"
        for name in FORM
        if getattr(config, name) != getattr(ours, name)
    ]
    if differing:
        raise LanguageModelError(f"{odd}: {', '.join(differing)}; {REMEDY}")
    if loaded.longest is not None and loaded.longest < len(world.places):
        raise LanguageModelError(
            f"{loaded.folder} reads texts of at most {loaded.longest} words by its config.json, "
            f"and a dialogue has {len(world.places)}; {REMEDY}"
        )
    return shape


def _require_same(
    network: LanguageNet, loaded: LoadedModel, numbers: Int[Tensor, " word"], world: Language
) -> None:
    """Refuse a network that answers otherwise than the folder's model in `transformers`."""
    generator = torch.Generator().manual_seed(stream_seed("language folder", 0))
    dialogues = world.sample(COMPARED, generator=generator)
    with torch.no_grad():
        ours = network.vocabulary(world.tokens(dialogues))
        theirs = loaded.original(numbers[dialogues.words()]).logits
    theirs = theirs[:, list(decision_places(world.size))][:, :, numbers]
    apart = float((ours - theirs).abs().max())
    if not apart <= SAME * max(1.0, float(theirs.abs().max())):
        raise LanguageModelError(
            f"{loaded.folder} answers otherwise in transformers than in this project's network "
            f"(logits are up to {apart:.2g} apart), so an audit would be of another model; {REMEDY}"
        )
