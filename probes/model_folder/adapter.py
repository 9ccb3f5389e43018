"""A LoRA adapter, read as safely as a model and merged into its weights."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from probes.model_folder.contents import TYPES, LanguageModelError, refused, settings_of

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"

SHAPES = frozenset({
    "r", "target_modules", "exclude_modules", "lora_alpha", "fan_in_fan_out", "bias", "use_rslora",
    "modules_to_save", "layers_to_transform", "layers_pattern", "rank_pattern", "alpha_pattern",
    "use_dora", "lora_bias", "target_parameters",
})  # fmt: skip
"""Settings that say what an adapter adds to which weights."""

HARMLESS = frozenset({
    "peft_type", "peft_version", "task_type", "base_model_name_or_path", "revision", "auto_mapping",
    "inference_mode", "lora_dropout", "init_lora_weights", "loftq_config", "runtime_config",
    "megatron_core", "megatron_config", "qalora_group_size", "eva_config", "corda_config",
    "lora_ga_config", "ensure_weight_tying",
})  # fmt: skip
"""Settings of training and of where things came from; they change nothing once it is trained."""


def merged(model: Any, lora: Path, folder: Path) -> Any:
    """The model with the adapter's changes in its weights.

    Only the adapter's settings and its safetensors file are read; what it says of the model that
    it was trained on is passed over, and nothing is fetched.

    Args:
        model: changed in place.
        lora: what peft's save_pretrained wrote.
        folder: of the model, named in messages.

    Raises:
        LanguageModelError: peft is not installed, there is no adapter or only a pickled one, it is
            no LoRA or asks for what cannot be merged, its numbers are not finite, or it was
            trained on a model with other modules or shapes.
    """
    try:
        from peft import LoraConfig, get_peft_model, set_peft_model_state_dict
    except ImportError as error:
        raise LanguageModelError(
            f"reading the adapter {lora} needs peft; install it: pip install 'mesascope[lora]'"
        ) from error
    with refused(f"the adapter {lora}", remedy="write it again with peft's save_pretrained"):
        settings, tensors = _read_settings(lora), _read_tensors(lora)
    remedy = "give an adapter that was trained on this model, or the model it was trained on"
    with (
        refused(f"the adapter {lora} of the model {folder}", remedy=remedy),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", FutureWarning)  # of peft, to those who wrote transformers
        adapted = get_peft_model(model, LoraConfig(**settings), low_cpu_mem_usage=True)
        told = set_peft_model_state_dict(adapted, tensors, low_cpu_mem_usage=True)
        missing = [name for name, each in adapted.named_parameters() if each.is_meta]
        if strange := sorted({*told.unexpected_keys, *missing}):
            raise LanguageModelError(
                f"the adapter {lora} does not fit the model of {folder}: {len(strange)} weights "
                f"have no counterpart, such as {strange[0]}; {remedy}"
            )
        return adapted.merge_and_unload(safe_merge=True)


def _read_settings(lora: Path) -> dict[str, Any]:
    """Settings of a LoRA adapter that say what it adds."""
    if not (lora / CONFIG).is_file():
        raise LanguageModelError(
            f"{lora} has no {CONFIG}; give the folder that peft's save_pretrained wrote"
        )
    settings = settings_of(lora / CONFIG)
    if (kind := settings.get("peft_type")) != "LORA":
        raise LanguageModelError(f"{lora} is an adapter of type {kind}, wanted LORA")
    if beyond := sorted(key for key in set(settings) - SHAPES - HARMLESS if settings[key]):
        known = "those that a merged LoRA keeps"
        raise LanguageModelError(
            f"{lora}/{CONFIG} asks for {beyond[0]} = {settings[beyond[0]]!r}, wanted settings "
            f"among {known}; merge the adapter with the library that trained it and save the model"
        )
    return {key: settings[key] for key in SHAPES & set(settings)}


def _read_tensors(lora: Path) -> dict[str, torch.Tensor]:
    if not (lora / WEIGHTS).is_file():
        raise LanguageModelError(
            f"{lora} has no {WEIGHTS}; pickled adapters (.bin) can run code when they are read and "
            "are refused: load it where you trust it and save_pretrained it again"
        )
    tensors: dict[str, torch.Tensor] = load_file(lora / WEIGHTS)
    for name, tensor in tensors.items():
        if tensor.dtype not in TYPES or not bool(tensor.isfinite().all()):
            raise LanguageModelError(
                f"{lora / WEIGHTS} holds numbers of {name} that are not finite, or of type "
                f"{tensor.dtype}; wanted floating-point numbers of 16 bits or more"
            )
    return tensors
