"""A Hugging Face folder as a network whose sites have TransformerLens names; reads no network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from probes.errors import MesascopeError

TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model", "vocab.txt")
"""A folder with one of these has a tokenizer of its own."""


class LanguageModelError(MesascopeError, ValueError):
    """A folder that cannot be read as a language model; the message says what it lacks."""


class LanguageModel(nn.Module):
    """Maps token numbers to logits; every hook of the bridge is a site under its usual name."""

    def __init__(self, bridge: nn.Module) -> None:
        super().__init__()
        self.bridge = bridge

    def forward(
        self, tokens: Int[Tensor, "batch position"]
    ) -> Float[Tensor, "batch position vocabulary"]:
        """Logits of the token after each."""
        logits: Tensor = self.bridge(tokens)
        return logits

    def named_modules(
        self,
        memo: set[nn.Module] | None = None,
        prefix: str = "",
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, nn.Module]]:
        """All modules, then the hooks by names such as `blocks.0.hook_resid_post`."""
        known: set[str] = set()
        for name, module in super().named_modules(memo, prefix, remove_duplicate):
            known.add(name)
            yield name, module
        if not prefix:
            hooks: dict[str, nn.Module] = self.bridge.hook_dict  # type: ignore[assignment]
            yield from ((name, hook) for name, hook in hooks.items() if name not in known)


@dataclass(frozen=True)
class LoadedModel:
    """What a folder holds.

    Attributes:
        network: in evaluation mode, without gradients on its weights.
        tokenizer: None where the folder has none.
    """

    network: LanguageModel
    tokenizer: Any
    folder: Path

    def tokens(self, texts: Sequence[str]) -> Int[Tensor, "batch position"]:
        """Token numbers of texts that are equally long in tokens.

        Raises:
            LanguageModelError: there is no tokenizer, or lengths differ.
        """
        if self.tokenizer is None:
            raise LanguageModelError(
                f"{self.folder} has no tokenizer files ({', '.join(TOKENIZER_FILES)}); give token "
                "numbers, or put the tokenizer there"
            )
        rows = [self.tokenizer(text)["input_ids"] for text in texts]
        if len({len(row) for row in rows}) != 1:
            raise LanguageModelError(
                f"texts have {sorted({len(row) for row in rows})} tokens, wanted one length: the "
                "positions of a probe must mean the same in every instance"
            )
        return torch.tensor(rows)


def load_language_model(folder: Path, *, device: str = "cpu") -> LoadedModel:
    """Read a model and its tokenizer, if any, from a folder; takes seconds to import.

    Raises:
        LanguageModelError: the folder has no configuration, or no safetensors weights.
    """
    if not (folder / "config.json").is_file():
        raise LanguageModelError(
            f"{folder} has no config.json; give a folder that save_pretrained wrote"
        )
    if not any(folder.glob("*.safetensors")):
        raise LanguageModelError(
            f"{folder} has no .safetensors weights; pickled ones can run code when they are read "
            "and are refused: write the folder again with safe_serialization=True"
        )
    from transformer_lens.model_bridge import TransformerBridge
    from transformers import AutoTokenizer

    tokenizer = None
    if any((folder / name).is_file() for name in TOKENIZER_FILES):
        tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    bridge = TransformerBridge.boot_transformers(
        str(folder), device=device, tokenizer=tokenizer or _placeholder()
    )
    network = LanguageModel(bridge)
    network.eval()
    network.requires_grad_(False)
    return LoadedModel(network, tokenizer, folder)


def _placeholder() -> Any:
    """A tokenizer that the bridge asks for and nobody uses; without one it would look elsewhere.

    It has no token for beginnings: the bridge would read such a tokenizer again, from its name.
    """
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    words = models.WordLevel({"<none>": 0}, unk_token="<none>")
    build: Callable[..., Any] = PreTrainedTokenizerFast
    return build(tokenizer_object=Tokenizer(words), unk_token="<none>", eos_token="<none>")
