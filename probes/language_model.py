"""A Hugging Face folder as a network whose sites have TransformerLens names; reads no network."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from probes.model_folder.adapter import merged
from probes.model_folder.build import build
from probes.model_folder.contents import LanguageModelError, read_settings, read_weights, refused
from probes.model_folder.devices import placed
from probes.model_folder.tokenizer import TOKENIZER_FILES, placeholder, read_tokenizer

LENGTHS = ("n_positions", "max_position_embeddings", "max_seq_len")
"""Settings that say how many positions a model was made for."""


def longest_text(config: Any) -> int | None:
    """Positions that the model of a configuration was made for; None where it has no such limit."""
    sizes = [getattr(config, name, None) for name in LENGTHS]
    return next((size for size in sizes if isinstance(size, int)), None)


class LanguageModel(nn.Module):
    """Maps token numbers to logits; every hook of the bridge is a site under its usual name."""

    def __init__(self, bridge: nn.Module, *, vocabulary: int, longest: int | None) -> None:
        """Wrap a bridge.

        Args:
            vocabulary: tokens have numbers below it.
            longest: positions that the model was made for; None where it has no such limit.
        """
        super().__init__()
        self.bridge = bridge
        self.vocabulary = vocabulary
        self.longest = longest

    def forward(
        self, tokens: Int[Tensor, "batch position"]
    ) -> Float[Tensor, "batch position vocabulary"]:
        """Logits of the token after each.

        Raises:
            LanguageModelError: there is no token, a number is not in the vocabulary, or there are
                more positions than the model was made for.
        """
        self._require_readable(tokens)
        logits: Tensor = self.bridge(tokens)
        return logits

    def _require_readable(self, tokens: Tensor) -> None:
        whole = not (tokens.is_floating_point() or tokens.is_complex())
        if not whole or tokens.dtype is torch.bool or tokens.ndim != 2 or tokens.numel() == 0:
            raise LanguageModelError(
                f"got tokens of type {tokens.dtype} and shape {tuple(tokens.shape)}, wanted whole "
                "numbers of shape (texts, positions) with at least one token"
            )
        if self.longest is not None and tokens.shape[1] > self.longest:
            raise LanguageModelError(
                f"got {tokens.shape[1]} tokens in a text, and this model was made for at most "
                f"{self.longest}; shorten the texts"
            )
        least, most = int(tokens.min()), int(tokens.max())
        if least < 0 or most >= self.vocabulary:
            raise LanguageModelError(
                f"got token number {least if least < 0 else most}, and this model knows 0 to "
                f"{self.vocabulary - 1}; use the tokenizer that belongs to it"
            )

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
        original: the model as transformers runs it, in evaluation mode, without gradients on its
            weights.
        tokenizer: None where the folder has none.
    """

    original: Any
    tokenizer: Any
    folder: Path

    @property
    def vocabulary(self) -> int:
        """Tokens have numbers below it."""
        size: int = self.original.get_input_embeddings().num_embeddings
        return size

    @property
    def longest(self) -> int | None:
        """Positions that the model was made for; None where it has no such limit."""
        return longest_text(self.original.config)

    @property
    def device(self) -> torch.device:
        """Where the model takes its tokens."""
        place: torch.device = self.original.get_input_embeddings().weight.device
        return place

    @cached_property
    def network(self) -> LanguageModel:
        """The same weights with TransformerLens names, for reading and editing at every site.

        It is built when it is first asked for, because it runs slower and takes more memory.

        Raises:
            LanguageModelError: TransformerLens cannot wrap the model, or its parts lie on several
                devices.
        """
        with refused(self.folder):
            from transformer_lens.model_bridge import TransformerBridge

            held = [*self.original.parameters(), *self.original.buffers()]
            devices = {str(each.device) for each in held}
            if len(devices) > 1:
                raise LanguageModelError(
                    f"the model of {self.folder} lies on {sorted(devices)}, and sites inside "
                    "blocks can be read on one device alone; load it on one"
                )
            model = copy.deepcopy(self.original, {id(each): each for each in held})
            model.set_attn_implementation("eager")
            model.config.output_attentions = True
            bridge = TransformerBridge.boot_transformers(
                str(self.folder), device=devices.pop(), hf_model=model, tokenizer=placeholder()
            )
            network = LanguageModel(bridge, vocabulary=self.vocabulary, longest=self.longest)
            network.eval()
            network.requires_grad_(False)
        return network

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
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise LanguageModelError(f"wanted a list of texts, got {texts!r}")
        with refused(f"the tokenizer of {self.folder}"):
            rows = [self.tokenizer(text)["input_ids"] for text in texts]
        lengths = sorted({len(row) for row in rows})
        if not lengths or lengths[0] == 0:
            empty = [text for text, row in zip(texts, rows, strict=True) if not row]
            came = f"a text without tokens, {empty[0]!r}" if empty else "no text"
            raise LanguageModelError(f"got {came}; give texts of at least one token")
        if len(lengths) > 1:
            raise LanguageModelError(
                f"texts have {lengths} tokens, wanted one length: the positions of a probe must "
                "mean the same in every instance"
            )
        return torch.tensor(rows)


def load_language_model(
    folder: Path,
    *,
    lora: Path | None = None,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> LoadedModel:
    """Read a model and its tokenizer, if any, from a folder; takes seconds to import.

    Configuration and safetensors files are read here and handed over, so that nothing else in the
    folder is opened: no pickle and no code. No network is asked.

    Args:
        lora: a folder that peft wrote; its adapter is merged into the weights.
        device: as torch names it, or `auto` to spread the blocks over the GPUs that there are.
        dtype: what the model computes in.

    Raises:
        LanguageModelError: the folder has no configuration or no safetensors weights, it is of a
            model that is not made of text alone, its weights are not exactly those that its
            configuration asks for: missing, additional, of another shape, type or number; or the
            adapter does not fit, see `merged`.
    """
    folder = Path(folder).resolve()
    with refused(folder):
        settings, tensors = read_settings(folder), read_weights(folder)
        model = build(settings, tensors, folder, dtype=dtype)
        tokenizer = read_tokenizer(folder, model.config)
    if lora is not None:
        model = merged(model, Path(lora).resolve(), folder)
    with refused(folder):
        model = placed(model.eval().requires_grad_(False), device, folder)
        loaded = LoadedModel(model, tokenizer, folder)
        if loaded.longest is not None and loaded.longest < 1:
            raise LanguageModelError(f"{folder} reads {loaded.longest} tokens by its config.json")
        with torch.no_grad():
            model(
                torch.zeros(
                    1, 1, dtype=torch.long, device=model.get_input_embeddings().weight.device
                )
            )
    return loaded
