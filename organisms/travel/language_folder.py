"""A language organism as a Hugging Face folder: GPT-NeoX weights, configuration and tokenizer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save

from organisms.nets.language_net import ROTARY_BASE, LanguageNet, LanguageShape
from organisms.nets.neox import to_neox
from organisms.travel.archive import TravelError
from organisms.worlds.language.base import BASE
from organisms.worlds.language.words import START, WORDS
from probes.writing import write_folder


def save_language_folder(net: LanguageNet, folder: Path) -> None:
    """Write a folder that `transformers` loads as `GPTNeoXForCausalLM`, tokenizer included.

    Weights are stored in half precision, which holds those of an organism exactly, and read in
    single precision, as the configuration says.

    Raises:
        TravelError: something lies there, or the vocabulary is not that of the language world.
        UnwritableFile: the place cannot be written.
    """
    shape = net.shape
    if shape.n_words != len(WORDS):
        raise TravelError(
            f"the network knows {shape.n_words} words, and the language world has {len(WORDS)}"
        )
    state = {name: value.cpu().half() for name, value in net.state_dict().items()}
    files = {
        "config.json": as_json(neox_settings(shape)),
        "tokenizer.json": _tokenizer().encode(),
        "tokenizer_config.json": as_json(
            {"tokenizer_class": "TokenizersBackend", "bos_token": START, "pad_token": START}
        ),
        "model.safetensors": save(to_neox(state, shape.n_heads), {"format": "pt"}),
    }
    write_new_folder(folder, files)


def save_base_folder(folder: Path) -> None:
    """Write the shared base of all fine-tunes, byte for byte as it comes with the package.

    Raises:
        TravelError: something lies there.
        UnwritableFile: the place cannot be written.
    """
    write_new_folder(folder, {path.name: path.read_bytes() for path in sorted(BASE.iterdir())})


def write_new_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder where nothing lies.

    Raises:
        TravelError: something lies there.
        UnwritableFile: the place cannot be written.
    """
    if folder.exists() or folder.is_symlink():
        raise TravelError(f"{folder} is there already; delete it or choose another name")
    write_folder(folder, files.items())


def neox_settings(shape: LanguageShape) -> dict[str, Any]:
    """What `config.json` says of a network of this shape."""
    return {
        "architectures": ["GPTNeoXForCausalLM"],
        "model_type": "gpt_neox",
        "vocab_size": shape.n_words,
        "hidden_size": shape.width,
        "num_hidden_layers": shape.n_layers,
        "num_attention_heads": shape.n_heads,
        "intermediate_size": shape.mlp_ratio * shape.width,
        "hidden_act": "gelu",
        "use_parallel_residual": False,
        "rotary_pct": 1.0,
        "rotary_emb_base": ROTARY_BASE,
        "layer_norm_eps": 1e-5,
        "max_position_embeddings": len(shape.places),
        "attention_bias": True,
        "tie_word_embeddings": False,
        "bos_token_id": WORDS.index(START),
        "eos_token_id": None,
        "pad_token_id": WORDS.index(START),
        "dtype": "float32",
    }


def as_json(table: Mapping[str, object]) -> bytes:
    """A table as the content of a file."""
    return json.dumps(table, indent=1).encode()


def _tokenizer() -> str:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(WORDS)}))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A", special_tokens=[(START, WORDS.index(START))]
    )
    text: str = tokenizer.to_str()
    return text
