"""Parameter names and layouts of GPT-NeoX as `transformers` has them, to and from `LanguageNet`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

NAMES = {
    "embed.weight": "gpt_neox.embed_in.weight",
    "ln_final.weight": "gpt_neox.final_layer_norm.weight",
    "ln_final.bias": "gpt_neox.final_layer_norm.bias",
    "unembed.weight": "embed_out.weight",
}
PARTS = {
    "ln1": "input_layernorm",
    "ln2": "post_attention_layernorm",
    "attn.W_QKV": "attention.query_key_value",
    "attn.W_O": "attention.dense",
    "W_in": "mlp.dense_h_to_4h",
    "W_out": "mlp.dense_4h_to_h",
}
FUSED = "query_key_value"
BLOCK = re.compile(r"blocks\.(\d+)\.(.+)\.(weight|bias)")
LAYER = re.compile(r"gpt_neox\.layers\.(\d+)\.(.+)\.(weight|bias)")


def to_neox(state: Mapping[str, Tensor], n_heads: int) -> dict[str, Tensor]:
    """Parameters of a `LanguageNet` under the names of `GPTNeoXForCausalLM`."""
    renamed = {}
    for name, value in state.items():
        if found := BLOCK.fullmatch(name):
            layer, part, kind = found.groups()
            name = f"gpt_neox.layers.{layer}.{PARTS[part]}.{kind}"
        else:
            name = NAMES[name]
        renamed[name] = _by_head(value, n_heads) if FUSED in name else value.contiguous()
    return renamed


def from_neox(state: Mapping[str, Tensor], n_heads: int = 4) -> dict[str, Tensor]:
    """Parameters of a `LanguageNet`, given those of `GPTNeoXForCausalLM`.

    Raises:
        KeyError: a name is not one of that architecture.
    """
    own = {theirs: ours for ours, theirs in NAMES.items()}
    parts = {theirs: ours for ours, theirs in PARTS.items()}
    renamed = {}
    for name, value in state.items():
        fused = FUSED in name
        if found := LAYER.fullmatch(name):
            layer, part, kind = found.groups()
            name = f"blocks.{layer}.{parts[part]}.{kind}"
        else:
            name = own[name]
        renamed[name] = _by_kind(value, n_heads) if fused else value
    return renamed


def _by_head(value: Tensor, n_heads: int) -> Tensor:
    """Rows ordered by query, key, value and then head -> by head and then query, key, value."""
    rows = value.view(3, n_heads, -1, *value.shape[1:])
    return rows.transpose(0, 1).flatten(0, 2).contiguous()


def _by_kind(value: Tensor, n_heads: int) -> Tensor:
    rows = value.view(n_heads, 3, -1, *value.shape[1:])
    return rows.transpose(0, 1).flatten(0, 2).contiguous()
