"""The tokenizer in a Hugging Face folder, read from a copy that holds text only."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from probes.model_folder.contents import settings_of

TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model", "vocab.txt")
"""A folder with one of these has a tokenizer of its own."""

TEXT = (".json", ".txt", ".model", ".jinja", ".tiktoken", ".vocab", ".codes", ".bpe")
"""Endings of the files that a tokenizer may read; no library reads code or pickles from them."""


WHOLE = "TokenizersBackend"
"""The class of a tokenizer that tokenizer.json describes completely."""


def read_tokenizer(folder: Path, config: Any) -> Any:
    """The tokenizer in a folder, or None where it has none of `TOKENIZER_FILES`.

    It is read from a copy that holds text only, without settings that name code or places.
    """
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        return None
    with tempfile.TemporaryDirectory() as scratch:
        for file in folder.iterdir():
            if file.is_file() and file.suffix in TEXT and not file.name.endswith("config.json"):
                shutil.copyfile(file, Path(scratch, file.name))
        own = folder / "tokenizer_config.json"
        settings = settings_of(own) if own.is_file() else {}
        Path(scratch, own.name).write_text(json.dumps(settings), encoding="utf-8")
        reader: Any = AutoTokenizer
        if settings.get("tokenizer_class") == WHOLE and Path(scratch, "tokenizer.json").is_file():
            reader = PreTrainedTokenizerFast  # the other would build the usual one of the model
        tokenizer = reader.from_pretrained(
            scratch, config=config, local_files_only=True, trust_remote_code=False
        )
    tokenizer.name_or_path = str(folder)
    return tokenizer


def placeholder() -> Any:
    """A tokenizer that the bridge asks for and nobody uses; without one it would look elsewhere.

    It has no token for beginnings: the bridge would read such a tokenizer again, from its name.
    """
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    words = models.WordLevel({"<none>": 0}, unk_token="<none>")
    build: Callable[..., Any] = PreTrainedTokenizerFast
    return build(tokenizer_object=Tokenizer(words), unk_token="<none>", eos_token="<none>")
