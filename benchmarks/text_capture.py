"""Measure what reading features of texts costs beyond running the model on them.

A model of 24 blocks of width 256 reads texts of 128 tokens; five positions are kept in every layer.
Batches are run plainly and with capture in turn, so that a busy machine slows both. With `--device
cuda` a hand-written loop over hooks, which copies to the processor in every block, is timed too.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor

from costs import RESULTS, device_name, machine
from probes.language_model import LoadedModel
from probes.texts import read
from probes.texts.batches import Batch, plan
from probes.texts.encode import EncodedTexts
from probes.texts.read import forward, read_texts, residual_sites

BLOCKS, WIDTH, TOKENS, VOCABULARY = 24, 256, 128, 1000
POSITIONS = ("last", -2, "answer", "mean", "max")
FIRST, CHUNK, GPU_CHUNK = 64, 32, 512
"""Texts of a whole batch, and those that are run in one way before the other has its turn."""
BUDGET = 2**30
TARGET = 1.15


def drawn(count: int, device: str) -> tuple[LoadedModel, EncodedTexts]:
    """A model with random weights, and random texts."""
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    torch.manual_seed(0)
    config = GPTNeoXConfig(
        vocab_size=VOCABULARY, hidden_size=WIDTH, num_hidden_layers=BLOCKS, num_attention_heads=8,
        intermediate_size=4 * WIDTH, max_position_embeddings=TOKENS, use_cache=False,
        attn_implementation="sdpa",
    )  # fmt: skip
    model = GPTNeoXForCausalLM(config).eval().requires_grad_(False).to(device)
    rows = torch.randint(VOCABULARY, (count, TOKENS)).tolist()
    encoded = EncodedTexts(tuple(map(tuple, rows)), (TOKENS // 2,) * count, 0, TOKENS)
    return LoadedModel(model, None, Path("random")), encoded


def part(encoded: EncodedTexts, numbers: slice) -> EncodedTexts:
    """Some of the texts."""
    return EncodedTexts(encoded.rows[numbers], encoded.answer_starts[numbers], 0, TOKENS)


def batches(encoded: EncodedTexts) -> list[Batch]:
    """The ones that `read_texts` makes."""
    each = 4 * (BLOCKS + 1) * len(POSITIONS) * WIDTH
    planned = plan(encoded, most_tokens=read.TOKENS, most_texts=read.STAGED // each)
    return [Batch.padded(encoded, texts, "right") for texts in planned]


def plain(model: LoadedModel, encoded: EncodedTexts) -> None:
    """Run the model and keep nothing."""
    with torch.no_grad():
        for batch in batches(encoded):
            forward(model, batch)


def by_hand(model: LoadedModel, encoded: EncodedTexts) -> dict[str, Tensor]:
    """The loop that one would write: each hook copies what it keeps to the processor."""
    kept: dict[str, list[Tensor]] = {}

    def hook_for(site: str) -> Callable[..., None]:
        def hook(module: Any, inputs: Any, output: Tensor) -> None:
            singles = [output[:, place] for place in (-1, -2, TOKENS // 2)]
            chosen = torch.stack([*singles, output.mean(dim=1), output.amax(dim=1)], dim=1)
            kept.setdefault(site, []).append(chosen.float().cpu())

        return hook

    handles = [m.register_forward_hook(hook_for(s)) for s, m in residual_sites(model).items()]
    plain(model, encoded)
    for handle in handles:
        handle.remove()
    return {site: torch.cat(parts) for site, parts in kept.items()}


def seconds(work: Callable[[], Any], device: str) -> float:
    """Processor seconds, or wall seconds where a GPU does the work."""

    def clock() -> float:
        if device == "cpu":
            return time.process_time()
        torch.cuda.synchronize()
        return time.perf_counter()

    started = clock()
    work()
    return clock() - started


def peak() -> int:
    """Most bytes of memory that the process has had."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def measured(count: int, timed: int, device: str) -> dict[str, Any]:
    """Memory over all texts at once, then times of chunks in turn."""
    model, encoded = drawn(count, device)
    size = CHUNK if device == "cpu" else GPU_CHUNK
    ways: dict[str, Callable[[EncodedTexts], Any]] = {
        "capture": lambda texts: read_texts(model, texts, positions=POSITIONS, budget=BUDGET)
    }
    if device != "cpu":
        ways["by hand"] = lambda texts: by_hand(model, texts)
    first = part(encoded, slice(FIRST))
    plain(model, first)
    base = peak()
    whole = read_texts(model, encoded, positions=POSITIONS, budget=BUDGET)
    memory = peak() - base
    for site, values in by_hand(model, first).items():
        torch.testing.assert_close(whole.values[site][:FIRST], values, atol=1e-4, rtol=1e-4)
    ratios: dict[str, list[float]] = {name: [] for name in ways}
    spent = dict.fromkeys(("plain", *ways), 0.0)
    before = seconds(lambda: plain(model, part(encoded, slice(size))), device)
    for start in range(0, timed - size + 1, size):
        texts = part(encoded, slice(start, start + size))
        for name, work in ways.items():
            each = seconds(lambda t=texts, w=work: w(t), device)
            after = seconds(lambda t=texts: plain(model, t), device)
            ratios[name].append(2 * each / (before + after))
            spent[name] += each
            spent["plain"] += (before + after) / 2 / len(ways)
            before = after
    n_timed = size * len(ratios["capture"])
    held = sum(values.nbytes for values in whole.values.values())
    return {
        "model": f"GPT-NeoX, {BLOCKS} blocks of width {WIDTH}, random weights",
        "device": device_name(device),
        "positions": list(map(str, POSITIONS)),
        "tokens_of_a_text": TOKENS,
        "texts": count,
        "timed_texts": n_timed,
        "budget_bytes": BUDGET,
        "kept_bytes": held,
        "peak_bytes_beyond_plain_passes": memory,
        "gpu_peak_bytes": torch.cuda.max_memory_allocated() if device != "cpu" else None,
        "texts_per_second": {name: n_timed / total for name, total in spent.items()},
        "over_plain_passes": {
            name: {
                "median": median(found),
                "quartiles": np.quantile(found, (0.25, 0.75)).tolist(),
                "total": spent[name] / spent["plain"],
                "chunks": len(found),
            }
            for name, found in ratios.items()
        },
        "target_ratio": TARGET,
    }


def main() -> None:
    """Write `results/text-capture.json`, or another file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--timed", type=int, default=2000, help="how many of them are timed")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--out", type=Path, default=RESULTS / "text-capture.json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    found = measured(arguments.texts, min(arguments.timed, arguments.texts), arguments.device)
    content = json.dumps({**found, **machine()}, indent=1)
    arguments.out.write_text(content + "\n", encoding="utf-8")
    ratio = found["over_plain_passes"]["capture"]
    memory = found["peak_bytes_beyond_plain_passes"] / 2**20
    print(
        f"capture over plain passes {ratio['total']:.3f} (median of {ratio['chunks']} chunks "
        f"{ratio['median']:.3f}, wanted at most {TARGET}); memory {memory:.0f} MiB of a budget of "
        f"{BUDGET / 2**20:.0f}; {found['texts_per_second']['capture']:.1f} texts per second"
    )


if __name__ == "__main__":
    main()
