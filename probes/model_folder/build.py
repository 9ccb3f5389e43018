"""A model built from settings and tensors, which have to fit each other exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from probes.model_folder.contents import LanguageModelError

TEXT_MODELS = ("AutoModelForCausalLM", "AutoModelForMaskedLM", "AutoModelForSeq2SeqLM")
"""What transformers calls models that read text and give logits."""

SPARE = 2**28
"""Bytes of masks and tables that a model may have beyond the size of its weights."""


def build(
    settings: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    folder: Path,
    *,
    dtype: torch.dtype,
) -> Any:
    """The model that the settings describe, holding exactly these tensors.

    It is planned first without memory, so that a configuration alone cannot take any.

    Args:
        settings: as from `read_settings`.
        tensors: as from `read_weights`.
        folder: named in messages.
        dtype: what the weights are kept in.

    Raises:
        LanguageModelError: the model is not one of text, or the tensors are not exactly its
            weights; the message names up to three that are missing, additional, of another shape
            or not finite.
    """
    from transformer_lens.model_bridge.sources.transformers import (
        determine_architecture_from_hf_config,
        get_hf_model_class_for_architecture,
    )
    from transformer_lens.utilities.architectures import AUDIO_TEXT_ARCHITECTURES
    from transformers import AutoConfig, GenerationConfig

    defaults: Callable[[], Any] = GenerationConfig
    config = AutoConfig.for_model(**settings)
    config.use_cache = False
    try:
        architecture = determine_architecture_from_hf_config(config)
    except ValueError as error:
        raise LanguageModelError(
            f"{folder} describes a {config.model_type} ({config.architectures}), which "
            "TransformerLens does not know"
        ) from error
    kind = get_hf_model_class_for_architecture(architecture)
    if kind.__name__ not in TEXT_MODELS or architecture in AUDIO_TEXT_ARCHITECTURES:
        raise LanguageModelError(f"{folder} holds {architecture}, wanted a model of text alone")
    with _at_most(16 * (len(tensors) + 16), folder), torch.device("meta"):
        plan = kind.from_config(config, attn_implementation="eager", trust_remote_code=False)
    _require_room(plan, tensors, folder)
    with _without_bars():
        model, told = type(plan).from_pretrained(
            None,
            config=config,
            state_dict=dict(tensors),
            generation_config=defaults(),
            attn_implementation="eager",
            dtype=dtype,
            local_files_only=True,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    _require_none(folder, "lacks weights", told["missing_keys"])
    _require_none(folder, "holds weights of no part of the model", told["unexpected_keys"])
    _require_none(folder, OTHER_SHAPES, [_shapes(*each) for each in told["mismatched_keys"]])
    _require_none(folder, "does not fit", told["error_msgs"])
    strange = [name for name, each in model.named_parameters() if not each.isfinite().all()]
    _require_none(folder, "holds weights that are not finite", strange)
    for held in (*model.parameters(), *model.buffers()):
        held.data = held.data.clone()  # they lay in the file, and would change with it
    if getattr(model, "_supports_sdpa", False):
        model.set_attn_implementation("sdpa")
    return model


@contextmanager
def _without_bars() -> Iterator[None]:
    """Keep transformers from drawing a bar for weights, one for every model of an audit."""
    from transformers.utils import logging

    drawn = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        if drawn:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


OTHER_SHAPES = "holds weights of other shapes than config.json says"


def _shapes(name: str, stored: Iterable[int], wanted: Iterable[int]) -> str:
    return f"{name} {tuple(stored)} instead of {tuple(wanted)}"


def _require_none(folder: Path, what: str, found: Iterable[str]) -> None:
    if names := sorted(found):
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        raise LanguageModelError(
            f"{folder} {what}: {', '.join(names[:3])}{more}; weights and config.json have to be "
            "those of one model: write the folder again with save_pretrained"
        )


@contextmanager
def _at_most(limit: int, folder: Path) -> Iterator[None]:
    """Stop building a model that has many more parts than there are tensors."""
    count = 0

    def counted(module: nn.Module, name: str, weight: nn.Parameter | None) -> None:
        nonlocal count
        count += 1
        if count > limit:
            raise LanguageModelError(
                f"{folder} lacks weights: config.json describes a model of more than {limit}"
            )

    handle = register_module_parameter_registration_hook(counted)
    try:
        yield
    finally:
        handle.remove()


def _require_room(plan: nn.Module, tensors: Mapping[str, Tensor], folder: Path) -> None:
    """Refuse a plan that needs more numbers than are stored, before there is memory for them."""
    wanted = {name: weight.shape for name, weight in plan.named_parameters()}
    base = f"{getattr(plan, 'base_model_prefix', '')}."
    stored = {name.removeprefix(base): tensor.shape for name, tensor in tensors.items()}
    if sum(shape.numel() for shape in wanted.values()) > sum(s.numel() for s in stored.values()):
        short = {name.removeprefix(base): shape for name, shape in wanted.items()}
        missing = [name for name in short if name not in stored]
        _require_none(folder, "lacks weights", missing)
        differing = [n for n in short if stored[n] != short[n]]
        _require_none(folder, OTHER_SHAPES, [_shapes(n, stored[n], short[n]) for n in differing])
    tables = sum(table.nbytes for table in plan.buffers())
    if tables > SPARE + sum(tensor.nbytes for tensor in tensors.values()):
        raise LanguageModelError(
            f"{folder}/config.json describes tables of {tables} bytes, far more than its weights"
        )
