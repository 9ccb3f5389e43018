"""Where the parts of a model lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from probes.model_folder.contents import LanguageModelError

EVERY = "auto"
"""The name of a device that stands for all GPUs together."""


def placed(model: Any, device: str, folder: Path) -> Any:
    """The model on a device, or spread over all GPUs, whole blocks on each.

    With `auto` and a single device the model lies on that one, whole.

    Raises:
        LanguageModelError: the device is unknown or not there, or the GPUs and the memory of the
            machine do not hold the model.
    """
    if device == EVERY and torch.cuda.device_count() > 1:
        from accelerate import dispatch_model, infer_auto_device_map
        from accelerate.utils import get_balanced_memory

        whole = list(model._no_split_modules or ())
        room = get_balanced_memory(model, no_split_module_classes=whole)
        places = infer_auto_device_map(model, max_memory=room, no_split_module_classes=whole)
        if "disk" in places.values():
            raise LanguageModelError(
                f"the GPUs do not hold the model of {folder}; load it in fewer bits (bfloat16)"
            )
        return dispatch_model(model, places)
    if device == EVERY:
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        return model.to(device)
    except (RuntimeError, AssertionError) as error:
        said = str(error).splitlines()[0]
        raise LanguageModelError(
            f"the model of {folder} cannot be put on device {device!r} ({said}); name one that "
            "this machine has, such as cpu or cuda"
        ) from error
