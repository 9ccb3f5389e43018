"""A fine-tune by LoRA as the folder of an adapter over the shared base, for PEFT to merge."""

from __future__ import annotations

from pathlib import Path

import torch
from jaxtyping import Float
from safetensors.torch import save
from torch import Tensor

from organisms.nets.language_net import LanguageNet
from organisms.nets.neox import PARTS, to_neox
from organisms.recipes.language.way import Way
from organisms.travel.archive import TravelError
from organisms.travel.language_folder import as_json, write_new_folder
from organisms.worlds.language.base import base_state
from organisms.zoo.spec import OrganismSpec

SETTINGS = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"


def rank_of(spec: OrganismSpec) -> int:
    """Rank of the LoRA over the shared base that an organism was trained as.

    Raises:
        TravelError: it was trained in another way.
    """
    way = getattr(spec.build_recipe(), "way", None)
    if not isinstance(way, Way) or way.start != "base" or not way.rank:
        raise TravelError(
            f"{spec.label} was not trained as a LoRA over the shared base, so there is no adapter "
            "to save; leave --lora out, which saves the whole network"
        )
    return way.rank


def save_language_lora(net: LanguageNet, rank: int, folder: Path) -> None:
    """Write the difference of a network to the shared base as a LoRA that PEFT reads.

    The merged weights of an organism are rounded to half precision, and the rounding has full rank,
    so the LoRA is the nearest one and not the same network. In three trained organisms (rank 4 and
    8, 500 dialogues) logits differ from those of the organism by at most .008, where the largest
    are about 12.5, and all decisions agree; rounding had moved them by as much, and the LoRA is
    nearer (.003) to the network before it was rounded. After two steps of training, .026 was seen.

    Args:
        net: differs from the base in matrices inside the blocks alone, each by at most this rank.

    Raises:
        TravelError: something lies there, or the network differs from the base elsewhere too.
        UnwritableFile: the place cannot be written.
    """
    base = {name: value.double() for name, value in to_neox(base_state(), 4).items()}
    state = to_neox(net.state_dict(), net.shape.n_heads)
    tensors: dict[str, Tensor] = {}
    for name, value in state.items():
        change = value.cpu().double() - base[name]
        if name.startswith("gpt_neox.layers.") and value.ndim == 2:
            up, down = _factors(change, rank)
            module = f"base_model.model.{name.removesuffix('.weight')}"
            tensors |= {f"{module}.lora_A.weight": down, f"{module}.lora_B.weight": up}
        elif bool(change.any()):
            raise TravelError(f"the network differs from the base in {name}, which no LoRA changes")
    write_new_folder(
        folder, {SETTINGS: as_json(_settings(rank)), WEIGHTS: save(tensors, {"format": "pt"})}
    )


def _factors(
    change: Float[Tensor, "row column"], rank: int
) -> tuple[Float[Tensor, "row rank"], Float[Tensor, "rank column"]]:
    """Two thin matrices whose product is nearest to a change (Eckart and Young 1936)."""
    left, sizes, right = torch.linalg.svd(change, full_matrices=False)
    up, down = left[:, :rank] * sizes[:rank], right[:rank]
    return up.float().contiguous(), down.float().contiguous()


def _settings(rank: int) -> dict[str, object]:
    """What PEFT asks of an adapter; equal `r` and `lora_alpha` scale it by 1."""
    matrices = [part for part in PARTS.values() if not part.endswith("layernorm")]
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": None,
        "r": rank,
        "lora_alpha": rank,
        "lora_dropout": 0.0,
        "bias": "none",
        "target_modules": [part.rpartition(".")[2] for part in matrices],
        "inference_mode": True,
    }
