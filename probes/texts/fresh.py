"""The same architecture before it learned anything."""

from __future__ import annotations

import copy

import torch

from probes.language_model import LoadedModel
from probes.model_folder.devices import EVERY, placed


def untrained(model: LoadedModel, generator: torch.Generator) -> LoadedModel:
    """A model of the same shape with weights as training begins with; no file is read.

    Args:
        generator: draws the weights.
    """
    original = model.original
    seed = int(torch.randint(2**31, (), generator=generator))
    with torch.random.fork_rng(devices=[]):
        # transformers draws first weights from the global generator alone
        torch.default_generator.manual_seed(seed)
        fresh = type(original)(copy.deepcopy(original.config))
    device = EVERY if hasattr(original, "hf_device_map") else str(model.device)
    fresh = fresh.to(original.dtype).eval().requires_grad_(False)
    return LoadedModel(placed(fresh, device, model.folder), model.tokenizer, model.folder)
