"""Activations of texts at chosen positions of every layer, from one forward pass each."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from probes.language_model import LoadedModel
from probes.linear.features import BUDGET, HELD_BLOCK, Features
from probes.network.layers import EMBEDDING
from probes.texts.batches import Batch, Chosen, Places, Side, plan
from probes.texts.dataset import TextError
from probes.texts.encode import EncodedTexts
from probes.texts.store import Store, model_digest

TOKENS = 2**13
"""Tokens of a batch; bounds memory inside a forward pass, never changes a result."""

STAGED = 2**26
"""Bytes of chosen activations of one batch, before they go where they are kept."""


@dataclass(frozen=True)
class TextActivations:
    """What was read of texts, as (text, position, width) by site.

    Attributes:
        positions: names of the second axis.
        budget: bytes that probes may keep at a time.
        device: where probes are fitted.
    """

    values: Mapping[str, Float[Tensor, "text position width"]]
    positions: tuple[str, ...]
    budget: int = BUDGET
    device: str = "cpu"

    @property
    def sites(self) -> tuple[str, ...]:
        """Names of the places inside the model, from its input on."""
        return tuple(self.values)

    def features(self) -> Features:
        """The same for fitting probes."""
        return Features(
            lambda part, sites: {site: self.values[site][part] for site in sites},
            n_instances=len(next(iter(self.values.values()))),
            sites=self.sites,
            budget=self.budget,
            device=self.device,
        )


def read_texts(
    model: LoadedModel,
    encoded: EncodedTexts,
    *,
    positions: Sequence[str | int] = ("last",),
    sites: Sequence[str] | None = None,
    budget: int = BUDGET,
    folder: Path | None = None,
    device: str = "cpu",
    side: Side = "right",
) -> TextActivations:
    """Run the model once over all texts and keep the residual stream at chosen positions.

    Sites are `hook_embed` and `blocks.I.hook_resid_post` for every block. Positions are `last`;
    -2, -3 and so on, counted from the end; `answer`, the first token of the answer, which the
    model has read there; `mean` and `max` over all tokens, special ones too. Numbers do not depend
    on which texts share a batch, nor on the side on which it is filled up, up to rounding.

    A batch for which there is no memory is halved until it fits.

    Args:
        sites: the ones to keep; all by default.
        budget: bytes of activations kept in memory. What the model needs inside a forward pass
            comes on top.
        folder: keeps them on disk instead; a killed run that is given the same folder goes on.
        device: where probes will be fitted; the model stays where it is.

    Raises:
        TextError: a position or site is not there, activations exceed the budget, the folder holds
            others, or the memory does not hold a single text.
    """
    every = residual_sites(model)
    chosen = tuple(every) if sites is None else tuple(sites)
    if strange := sorted(set(chosen) - set(every)):
        raise TextError(f"no site {strange[0]!r}; sites are {list(every)}")
    places = Places.chosen(encoded, positions)
    width = model.original.get_input_embeddings().embedding_dim
    shape = (len(chosen), len(encoded.rows), len(places.names), width)
    if folder is None:
        store = Store.in_memory(shape, budget)
    else:
        made_from = {
            "model": model_digest(model),
            "texts": encoded.digest,
            "positions": list(places.names),
            "sites": list(chosen),
            "side": side,
        }
        store = Store.on_disk(Path(folder), shape, made_from)
    most_texts = max(1, STAGED * shape[1] // (4 * torch.Size(shape).numel()))
    batches = plan(encoded, most_tokens=TOKENS, most_texts=most_texts)
    with _collected({site: every[site] for site in chosen}) as collect:
        while batches:
            texts = tuple(text for text in batches.pop(0) if not store.done[text])
            if not texts:
                continue
            batch = Batch.padded(encoded, texts, side)
            try:
                store.put(texts, collect(model, batch, places.of(batch)))
            except (RuntimeError, MemoryError) as error:
                batches[:0] = _halved(texts, error)
    in_memory = folder is None and device == "cpu"
    return TextActivations(
        dict(zip(chosen, store.values, strict=True)),
        places.names,
        min(budget, 2 * HELD_BLOCK) if in_memory else budget,
        device,
    )


def residual_sites(model: LoadedModel) -> dict[str, nn.Module]:
    """Modules whose outputs are the residual stream, by site; blocks are found by their number.

    Raises:
        TextError: the model reads and writes texts apart, or has no list of blocks.
    """
    original = model.original
    config = original.config.get_text_config()
    if config.is_encoder_decoder:
        raise TextError(f"{model.folder} reads and writes with two networks, wanted one of one")
    for module in original.modules():
        if isinstance(module, nn.ModuleList) and len(module) == config.num_hidden_layers:
            named = {f"blocks.{i}.hook_resid_post": block for i, block in enumerate(module)}
            return {EMBEDDING: original.get_input_embeddings(), **named}
    raise TextError(f"{model.folder} has no list of its {config.num_hidden_layers} blocks")


Collect = Callable[[LoadedModel, Batch, Chosen], Float[Tensor, "site batch position width"]]


@contextmanager
def _collected(modules: Mapping[str, nn.Module]) -> Iterator[Collect]:
    """A function that runs a model on a batch and gives what some modules put out."""
    taken: dict[str, Tensor] = {}
    places: dict[torch.device, Chosen] = {}

    def hook_for(site: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, inputs: Any, output: Any) -> None:
            activation = output if isinstance(output, Tensor) else output[0]
            at = activation.device
            if at not in places:
                places[at] = next(iter(places.values())).to(at)
            taken[site] = places[at].take(activation)

        return hook

    @torch.no_grad()
    def collect(model: LoadedModel, batch: Batch, chosen: Chosen) -> Tensor:
        taken.clear()
        places.clear()
        places[torch.device("cpu")] = chosen
        forward(model, batch)
        # One copy at the end: a copy in each block would make the device wait in each.
        return torch.stack([taken[site].to("cpu") for site in modules])

    handles = [each.register_forward_hook(hook_for(site)) for site, each in modules.items()]
    try:
        yield collect
    finally:
        for handle in handles:
            handle.remove()


def forward(model: LoadedModel, batch: Batch) -> None:
    """Run the model below its readout, as if every text of the batch were alone."""
    network = model.original.base_model
    at = model.device
    told = {"input_ids": batch.tokens.to(at), "attention_mask": batch.mask.long().to(at)}
    if "position_ids" in inspect.signature(network.forward).parameters:
        told["position_ids"] = batch.numbers.to(at)
    network(**told)


def _halved(texts: tuple[int, ...], error: Exception) -> list[tuple[int, ...]]:
    """Two batches instead of one that there was no memory for; other errors are raised again."""
    from accelerate.utils.memory import clear_device_cache, should_reduce_batch_size

    if not (isinstance(error, MemoryError) or should_reduce_batch_size(error)):
        raise error
    if len(texts) < 2:
        raise TextError(
            f"there is no memory to run the model on text {texts[0]} alone; cut the texts, or load "
            "the model in fewer bits"
        ) from error
    clear_device_cache()
    return [texts[: len(texts) // 2], texts[len(texts) // 2 :]]
