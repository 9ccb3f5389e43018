"""Small language models whose tokenizer knows the words of the questions in English."""

from __future__ import annotations

import string
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from evals.audit.language.wording import FRAME
from organisms.worlds.language.english import CONTAINERS, SMALL_TALK, THINGS

KNOWN = (
    "<unk>", "<s>", *FRAME, "Answer", *".,?:", *CONTAINERS, *THINGS,
    *(word for words in SMALL_TALK for word in words),
)  # fmt: skip
CHAT = (
    "{% for m in messages %}<s> {{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %} Answer : {% endif %}"
)


def english_tokenizer(
    known: Sequence[str] = KNOWN, *, chat: bool = False, splits: bool = False
) -> Any:
    """One token a word; others are unknown, or split into letters."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = [mark + letter for mark in ("", "##") for letter in string.ascii_letters]
    numbers = {w: n for n, w in enumerate(dict.fromkeys([*known, *(letters if splits else [])]))}
    model = models.WordPiece if splits else models.WordLevel
    words = Tokenizer(model(numbers, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation()]
    )
    given = {"chat_template": CHAT} if chat else {}
    return PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>", **given)


def english_folder(folder: Path, tokenizer: Any, *, longest: int = 128) -> Path:
    """A folder as save_pretrained writes it, of an untrained model."""
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)  # transformers draws first weights from the global generator alone
    config = AutoConfig.for_model(
        "gpt_neox", vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64,
        num_hidden_layers=4, num_attention_heads=2, max_position_embeddings=longest,
        initializer_range=0.2, bos_token_id=1, eos_token_id=1,
    )  # fmt: skip
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.eval().save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return folder
