"""Small language models of several architectures, in folders with a tokenizer of words."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch

VOCABULARY, WIDTH, BLOCKS, LONGEST = 48, 16, 3, 64
HEADS = {"num_key_value_heads": 1, "head_dim": 8}
SIZES: dict[str, dict[str, Any]] = {
    "gpt2": {},
    "gpt_neox": {},
    "llama": HEADS,
    "qwen2": HEADS,
    "qwen3": HEADS,
    "mistral": {**HEADS, "sliding_window": 8},
    "gemma": HEADS,
    "gemma2": {**HEADS, "sliding_window": 8},
}  # fmt: skip
"""What each architecture is told beside the common sizes."""

CHAT = (
    "{% for m in messages %}{{ 'w1 ' if m.role == 'user' else 'w2 ' }}{{ m.content }} w3 "
    "{% endfor %}{% if add_generation_prompt %}w2 {% endif %}"
)


def language_model(kind: str) -> Any:
    """A model with weights so large that tokens, layers and places all matter."""
    from transformers import AutoConfig, AutoModelForCausalLM

    sizes = {
        "vocab_size": VOCABULARY, "hidden_size": WIDTH, "intermediate_size": 32,
        "num_hidden_layers": BLOCKS, "num_attention_heads": 2, "max_position_embeddings": LONGEST,
        "initializer_range": 0.3, "bos_token_id": 0, "eos_token_id": 0,
    }  # fmt: skip
    if kind == "gpt2":
        sizes.pop("intermediate_size")
    torch.manual_seed(0)  # transformers draws first weights from the global generator alone
    config = AutoConfig.for_model(kind, **sizes, **SIZES[kind])
    return AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()


def tokenizer(*, beginning: bool = False, padding: bool = False) -> Any:
    """Words w0 to w47; w0 may begin every text, and w5 may fill them up."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({f"w{n}": n for n in range(VOCABULARY)}, unk_token="w4"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    if beginning:
        words.post_processor = processors.TemplateProcessing(
            single="w0 $A", special_tokens=[("w0", 0)]
        )
    given = {"bos_token": "w0"} if beginning else {}
    given |= {"pad_token": "w5"} if padding else {}
    return PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="w4", chat_template=CHAT, **given
    )


def language_folder(folder: Path, kind: str = "llama", **words: bool) -> Path:
    """A folder as save_pretrained writes it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        language_model(kind).save_pretrained(folder)
        tokenizer(**words).save_pretrained(folder)
    return folder
