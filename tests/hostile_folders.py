"""Hugging Face folders that are damaged or hostile, and a watch on what reading them does."""

from __future__ import annotations

import json
import pickle
import random
import shutil
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

VOCABULARY, WIDTH = 12, 8
SIZES = {
    "vocab_size": VOCABULARY, "hidden_size": WIDTH, "intermediate_size": 16,
    "num_hidden_layers": 2, "num_attention_heads": 2, "bos_token_id": 0, "eos_token_id": 0,
}  # fmt: skip


def model_of(kind: str) -> nn.Module:
    """A language model of two layers."""
    from transformers import GPT2Config, GPT2LMHeadModel, GPTNeoXConfig, GPTNeoXForCausalLM

    torch.manual_seed(0)  # transformers draws first weights from the global generator alone
    if kind == "gpt2":
        sizes = GPT2Config(
            vocab_size=VOCABULARY, n_positions=16, n_embd=WIDTH, n_layer=2, n_head=2,
            bos_token_id=0, eos_token_id=0,
        )  # fmt: skip
        return GPT2LMHeadModel(sizes).eval()
    return GPTNeoXForCausalLM(GPTNeoXConfig(max_position_embeddings=16, **SIZES)).eval()


class Opened:
    """A pickle of it stops the process that reads it."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return sys.exit, ("a pickle was read",)


PICKLES = ("pytorch_model.bin", "adapter_model.bin", "tokenizer.pkl", "training_args.bin", "a.pt")


def written(folder: Path, kind: str, *, shards: bool = False) -> Path:
    """A folder with a model, a tokenizer and pickles that nobody may open."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    model_of(kind).save_pretrained(folder, max_shard_size=2000 if shards else "5GB")
    tokenizer = Tokenizer(models.WordLevel({f"w{n}": n for n in range(VOCABULARY)}, unk_token="w0"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="w0", pad_token="w0", eos_token="w0", bos_token="w0"
    ).save_pretrained(folder)
    for name in PICKLES:
        (folder / name).write_bytes(pickle.dumps(Opened()))
    (folder / "evil.py").write_text("raise SystemExit('code was run')")
    return folder


watching = False


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    """Forbid networks, pickles, other processes, and code from the folder while it is on."""
    if not watching:
        return
    opened = str(arguments[0]) if event == "open" else ""
    if (
        event.startswith(("socket.connect", "socket.getaddrinfo", "subprocess.", "os.system"))
        or event == "pickle.find_class"
        or opened.endswith((*PICKLES, "evil.py"))
    ):
        raise SystemExit(f"forbidden: {event} {arguments}")


sys.addaudithook(watch)


@contextmanager
def watched() -> Iterator[None]:
    """While it lasts, what is forbidden ends the test: nothing that is caught for users does."""
    global watching
    watching = True
    try:
        yield
    finally:
        watching = False


def edit_json(path: Path, edit: Callable[[Any], object]) -> None:
    """Change what a JSON file says."""
    value = json.loads(path.read_text())
    edit(value)
    path.write_text(json.dumps(value))


def edit_header(path: Path, edit: Callable[[Any], object]) -> None:
    """Change what a safetensors file says of its tensors."""
    content = path.read_bytes()
    end = 8 + struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:end])
    edit(header)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + content[end:])


HUGE = (10**6, 10**9, 10**12, 2**63, 10**30)
ODD: tuple[Any, ...] = (
    None, True, False, "", "x", "1", -1, 0, 1, 3, 1.5, -0.0, 1e308, [], {}, [1], {"a": 1}, *HUGE,
)  # fmt: skip
HOSTILE: dict[str, Any] = {
    "auto_map": {"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.M", "AutoTokenizer": "evil"},
    "transformers_weights": "pytorch_model.bin", "quantization_config": {"quant_method": "gptq"},
    "_attn_implementation": "evil/kernel", "attn_implementation": "evil/kernel",
    "fusion_config": {"patch_embeddings": True}, "num_labels": 10**9, "name_or_path": "gpt2",
    "_name_or_path": "gpt2", "tokenizer_class": "RagTokenizer", "gguf_file": "a.pt",
    "vocab_file": "tokenizer.pkl", "tokenizer_file": "tokenizer.pkl", "return_dict": False,
    "architectures": ["T5ForConditionalGeneration"], "model_type": "llava", "text_config": {},
    "num_hidden_layers": 10**9, "dtype": "float8_e4m3fn", "torch_dtype": "int8", "per_layer_config":
    {"0": {"hidden_size": 10**9}}, "is_encoder_decoder": True, "use_cache": "x", "rope_scaling":
    {"rope_type": "dynamic", "factor": 1e300}, "tie_word_embeddings": "no", "to_dict": 1,
}  # fmt: skip
TYPES = ("F64", "F32", "F16", "BF16", "I64", "I8", "U8", "BOOL", "F8_E4M3", "C64", "F4", "?")


def mutated(folder: Path, draw: random.Random) -> str:
    """Change one thing in a folder, and say what was changed."""
    names = ["config.json"] * 4 + ["tokenizer.json", "tokenizer_config.json"]
    weights = sorted(path.name for path in folder.glob("*.safetensors"))
    index = [path.name for path in folder.glob("*.index.json")]
    name = draw.choice(names + 2 * [draw.choice(weights)] + 2 * index)
    path, way = folder / name, draw.choice(["bytes", "cut", "value", "value", "value", "file"])
    content = bytearray(path.read_bytes())
    told = name in weights
    end = 8 + struct.unpack("<Q", content[:8])[0] if told else len(content)
    if way == "bytes":
        for _ in range(draw.randint(1, 4)):
            content[draw.randrange(end)] = draw.choice(b'"{}[]:,0129e-. \x00\xff')
        path.write_bytes(content)
    elif way == "cut":
        start = draw.randrange(end)
        path.write_bytes(content[:start] + content[start + draw.choice([1, 5, 10**9]) :])
    elif way == "file":
        _replace(path, draw)
    elif told:
        edit_header(path, lambda header: _edit_tensor(header, draw))
    else:
        edit_json(path, lambda value: _edit_value(value, draw))
    return f"{name} {way}"


def _replace(path: Path, draw: random.Random) -> None:
    path.unlink()
    what = draw.choice(["gone", "empty", "folder", "deep", "loop", "pickle"])
    if what == "folder":
        path.mkdir()
    elif what == "loop":
        path.symlink_to(path.name)
    elif what == "pickle":
        shutil.copyfile(path.parent / PICKLES[0], path)
    elif what != "gone":
        path.write_text("[" * 100_000 if what == "deep" else "")


def _edit_value(value: Any, draw: random.Random) -> None:
    """Change a value at any depth, remove a key, or add a hostile one."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = draw.choice(keys) if keys else None
        inside = value[key] if keys else None
        if not (isinstance(inside, dict | list) and inside and draw.random() < 0.7):
            break
        value = inside
    if isinstance(value, dict) and draw.random() < 0.35:
        added = draw.choice(list(HOSTILE))
        value[added] = HOSTILE[added]
    elif key is not None and draw.random() < 0.25:
        del value[key]
    elif key is not None:
        value[key] = draw.choice(ODD)


def _edit_tensor(header: Any, draw: random.Random) -> None:
    name = draw.choice([key for key in header if key != "__metadata__"])
    tensor = header[name]
    way = draw.choice(["remove", "rename", "type", "shape", "swap", "offsets", "add"])
    if way in ("remove", "rename"):
        del header[name]
    if way in ("rename", "add"):
        header[draw.choice(["x", name + "x", "score.weight", "h.0.attn.bias"])] = tensor
    elif way == "type":
        tensor["dtype"] = draw.choice(TYPES)
    elif way == "shape":
        tensor["shape"] = draw.choice([[], [0], [1, *tensor["shape"]], tensor["shape"][::-1], HUGE])
    elif way == "swap":
        other = draw.choice([key for key in header if key != "__metadata__"])
        header[name], header[other] = header[other], tensor
    elif way == "offsets":
        tensor["data_offsets"] = draw.choice([[0, 0], [0, 2**62], [8, 0], [-1, 3], tensor["shape"]])
