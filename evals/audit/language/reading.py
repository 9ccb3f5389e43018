"""A folder read as a network that answers with a box, and the places that are looked at inside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from evals.audit.adapter import Adapter, AdapterError
from evals.audit.language.questions import SHIFTS, Questions
from evals.audit.language.wording import Wording
from probes.language_model import longest_text
from probes.model_folder.contents import LanguageModelError, read_settings, refused
from probes.model_folder.tokenizer import TOKENIZER_FILES, read_tokenizer
from probes.network.adapted import Site

TRIED = 32
"""Prompts, in distribution and under each shift, whose length is looked at."""

MOST_SITES = 3
"""Ends of blocks that are looked at, evenly spaced, the last one among them."""


def last_first(module: str) -> Site:
    """A place whose last position, which answers, comes first."""
    return Site(module, view=_flipped, back=lambda rows, before: _flipped(rows))


def _flipped(rows: Tensor) -> Tensor:
    return rows.flip(1)


class AskedInEnglish(Adapter):
    """Any causal language model in a Hugging Face folder, asked the questions of `Questions`."""

    def __init__(self, folder: Path) -> None:
        """Read the tokenizer and choose words.

        Raises:
            AdapterError: the tokenizer is of no use here, or a prompt is longer than the model
                can read.
            LanguageModelError: there is no tokenizer, or the folder cannot be read.
        """
        from transformers import AutoConfig

        self.path = folder
        with refused(folder):
            config = AutoConfig.for_model(**read_settings(folder))
            tokenizer = read_tokenizer(folder, config)
        if tokenizer is None:
            raise LanguageModelError(
                f"{folder} has no tokenizer files ({', '.join(TOKENIZER_FILES)}); put the "
                "tokenizer of the model there"
            )
        self.questions = Questions(Wording.of(tokenizer, folder))
        self._require_room(config)

    def world(self) -> Questions:
        """The questions, in words that this tokenizer knows."""
        return self.questions

    def load(self, path: Path, lora: Path | None) -> nn.Module:
        """Read the model; three of its blocks are looked at."""
        network = super().load(path, lora)
        ends = [name for name, _ in network.named_modules() if name.endswith("hook_resid_post")]
        ends = sorted({name for name in ends if name.startswith("blocks.")}, key=_number)
        self.residual = tuple(map(last_first, spaced(ends)))
        return network

    def decode(self, outputs: Tensor) -> Tensor:
        """Logits of the token after the prompt, for boxes alone."""
        return outputs[:, -1:, list(self.questions.wording.answers)]

    def _require_room(self, config: Any) -> None:
        """Refuse a model that reads fewer positions than a prompt has."""
        asked, generator = self.questions, torch.Generator().manual_seed(0)
        drawn = [asked.sample(TRIED, generator=generator, shift=one) for one in (None, *SHIFTS)]
        length = max(asked.inputs(cases).shape[1] for cases in drawn)
        longest = longest_text(config)
        if longest is not None and length > longest:
            raise AdapterError(
                f"a dialogue is too long for {self.path}: it is {length} tokens by the tokenizer, "
                f"and the model reads {longest}; give a model that reads at least {length}"
            )


def spaced(names: Sequence[str]) -> list[str]:
    """A few of them, evenly spaced, the last one among them.

    Examples:
        >>> spaced(["a", "b", "c", "d", "e", "f"]), spaced(["a", "b"])
        (['b', 'd', 'f'], ['a', 'b'])
    """
    count = min(MOST_SITES, len(names))
    return [names[(number + 1) * len(names) // count - 1] for number in range(count)]


def _number(name: str) -> int:
    """Of the block that a site belongs to."""
    return int(name.split(".")[1])
