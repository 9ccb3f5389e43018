"""What a Hugging Face folder says of a model, and the weights it holds; refused where unsafe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from probes.errors import MesascopeError
from probes.parsing import parse_json

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
TYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)

OLD_MASKS = re.compile(r"(^|\.)(attn|attention|crossattention)\.(masked_)?bias$|position_ids$")
"""Tensors that are no weights: older versions of transformers stored masks and numbers."""

OUTSIDE = frozenset({
    "auto_map", "custom_pipelines", "name_or_path", "transformers_weights", "gguf_file", "config",
    "attn_implementation", "experts_implementation", "fusion_config", "kernel_config",
    "use_kernels", "distributed_config", "is_local", "local_files_only", "revision", "subfolder",
    "cache_dir", "commit_hash", "torchscript", "return_dict", "output_attentions",
    "output_hidden_states",
})  # fmt: skip
"""Settings that name code, files or places elsewhere, or the form of what is returned."""

NO_SIZE = re.compile(r"theta|base|_id$")
PARTS = re.compile(r"(layers?|blocks|experts|labels|heads|groups|depths?)$")
LARGEST_SIZE, MOST_PARTS = 2**24, 10_000
"""No setting that is a size, or a number of parts, is larger; it says how much to build."""

SENTINEL = 2**128
"""Tokenizers write 10^30 for a length without limit."""


class LanguageModelError(MesascopeError, ValueError):
    """A folder, text or tokens that a language model cannot be read from, or cannot read."""


@contextmanager
def refused(
    what: object, *, remedy: str = "write the folder again with save_pretrained"
) -> Iterator[None]:
    """Whatever a library raises over what a folder holds, as one error that names the folder."""
    try:
        yield
    except LanguageModelError:
        raise
    except BaseException as error:
        # A panic in Rust, where tokenizers are read, is no Exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        said = " ".join(str(error).split())[:400]
        raise LanguageModelError(
            f"{what} cannot be read ({type(error).__name__}: {said}); {remedy}"
        ) from error


def read_settings(folder: Path) -> dict[str, Any]:
    """What `config.json` says of the model itself; code, adapters and other places are left out.

    Raises:
        LanguageModelError: there is no configuration, it is no JSON object or names no type of
            model, it asks for an adapter or quantised weights, or for a size beyond all reason.
    """
    if not (folder / "config.json").is_file():
        raise LanguageModelError(
            f"{folder} has no config.json; give a folder that save_pretrained wrote"
        )
    if (folder / "adapter_config.json").exists():
        raise LanguageModelError(
            f"{folder} holds an adapter (adapter_config.json), so its weights alone are not the "
            "model; give the folder of the model, and this one as LoRA, or merge the adapter into "
            "the model and save that"
        )
    settings = settings_of(folder / "config.json")
    if not isinstance(settings.get("model_type"), str):
        raise LanguageModelError(f"{folder}/config.json names no model_type")
    if settings.get("quantization_config") is not None:
        raise LanguageModelError(
            f"{folder} holds quantised weights; save the model in 16 or 32 bits"
        )
    _require_modest(settings, "", folder)
    return settings


def read_weights(folder: Path) -> dict[str, Tensor]:
    """Every tensor of floating-point numbers in the safetensors files of a model.

    Raises:
        LanguageModelError: there are no such files, an index names others than there are or
            files that do not lie in the folder, or a weight is of another type.
    """
    tensors: dict[str, Tensor]
    if (folder / WEIGHTS).is_file():
        tensors = load_file(folder / WEIGHTS)
    elif (folder / INDEX).is_file():
        tensors = _shards(folder)
    else:
        raise LanguageModelError(
            f"{folder} has no {WEIGHTS} and no {INDEX}; pickled weights can run code when they "
            "are read and are refused: load it where you trust it and save_pretrained it again"
        )
    for name in [name for name in tensors if OLD_MASKS.search(name)]:
        if tensors[name].dtype not in TYPES:
            del tensors[name]
    for name, tensor in tensors.items():
        if tensor.dtype not in TYPES:
            raise LanguageModelError(
                f"{folder} stores {name} as {tensor.dtype}, wanted floating-point numbers of 16 "
                "bits or more; save the model without quantisation"
            )
    return tensors


def settings_of(path: Path) -> dict[str, Any]:
    """The JSON object in a file, without what names code, files or places elsewhere.

    Raises:
        LanguageModelError: it is something other than an object.
        UnreadableFile: it is not JSON.
    """
    settings = parse_json(path.read_bytes(), path, largest=SENTINEL)
    if not isinstance(settings, dict):
        raise LanguageModelError(f"{path} is not a JSON object")
    kept: dict[str, Any] = _without_outside(settings)
    return kept


def _without_outside(value: Any) -> Any:
    """Settings at any depth, without those of `OUTSIDE` under their public or private names."""
    if isinstance(value, list):
        return [_without_outside(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _without_outside(each)
        for key, each in value.items()
        if not (key.strip("_").removesuffix("_internal") in OUTSIDE or key.endswith("_file"))
    }


def _require_modest(value: Any, name: str, folder: Path) -> None:
    """Refuse numbers that a configuration class would count up to."""
    if isinstance(value, dict):
        for key, each in value.items():
            _require_modest(each, key, folder)
    elif isinstance(value, list):
        for each in value:
            _require_modest(each, name, folder)
    elif isinstance(value, int) and not NO_SIZE.search(name):
        most = MOST_PARTS if PARTS.search(name) else LARGEST_SIZE
        if value > most:
            raise LanguageModelError(
                f"{folder}/config.json says {name} = {value}, and no model has more than {most}"
            )


def _shards(folder: Path) -> dict[str, Tensor]:
    """All tensors of the files that an index names, each where the index says."""
    index = parse_json((folder / INDEX).read_bytes(), folder / INDEX)
    places = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(places, dict) or not places:
        raise LanguageModelError(f"{folder / INDEX} has no weight_map")
    files = list(dict.fromkeys(places.values()))
    for file in files:
        if not (isinstance(file, str) and re.fullmatch(r"[\w.-]+\.safetensors", file)):
            raise LanguageModelError(
                f"{folder / INDEX} names {file!r}, wanted .safetensors files in the same folder"
            )
        if not (folder / file).is_file():
            raise LanguageModelError(f"{folder} lacks {file}, which {INDEX} names")
    tensors: dict[str, Tensor] = {}
    for file in files:
        part = load_file(folder / file)
        listed = {name for name, place in places.items() if place == file}
        if apart := sorted(listed ^ set(part)):
            raise LanguageModelError(
                f"{folder / file} and {INDEX} differ in tensors: {', '.join(apart[:3])}"
            )
        tensors |= part
    return tensors
