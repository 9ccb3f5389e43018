"""Features of a text do not depend on its batch, on padding, or on who runs the model."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from language_folders import BLOCKS, SIZES, VOCABULARY, WIDTH, language_folder
from probes.language_model import LanguageModelError, LoadedModel, load_language_model
from probes.network.capture import read_sites
from probes.texts import read
from probes.texts.batches import Side, plan
from probes.texts.dataset import TextError, TextSet
from probes.texts.encode import EncodedTexts, encode
from probes.texts.fresh import untrained
from probes.texts.read import TextActivations, read_texts, residual_sites
from scripted import generator

SIDES: tuple[Side, Side] = ("left", "right")
POSITIONS = ("last", -3, "answer", "mean", "max")
CLOSE = 4e-6
QUICK = ("gpt2", "gpt_neox", "llama", "qwen2", "mistral", "gemma")
SITES = ("hook_embed", *(f"blocks.{block}.hook_resid_post" for block in range(BLOCKS)))


def texts(count: int = 8) -> TextSet:
    """Texts of 4 to 30 words with answers of two."""
    draw = generator()
    words = [
        " ".join(f"w{word}" for word in torch.randint(6, VOCABULARY, (length,), generator=draw))
        for length in torch.randint(2, 28, (count,), generator=draw).tolist()
    ]
    return TextSet(
        tuple(words), (0, 1) * (count // 2), tuple(words), ("w6 w7",) * count, ("no", "yes")
    )


def one_by_one(model: LoadedModel, encoded: EncodedTexts) -> dict[str, Tensor]:
    """Every text alone, without a mask, by hand from the hidden states that transformers gives."""
    parts = []
    for row, start in zip(encoded.rows, encoded.answer_starts, strict=True):
        given = {"output_hidden_states": True, "use_cache": False}
        with torch.no_grad():
            states: Any = model.original(torch.tensor([row]), **given).hidden_states
        kept = torch.stack([state[0] for state in states])
        places = [kept[:, -1], kept[:, -3], kept[:, start], kept.mean(dim=1), kept.amax(dim=1)]
        parts.append(torch.stack(places, dim=1))
    return dict(zip(SITES, torch.stack(parts, dim=1), strict=True))


def farthest(read: TextActivations, other: dict[str, Tensor], skipped: tuple[str, ...]) -> float:
    """Largest difference, in standard deviations of the site."""
    return max(
        float((read.values[site] - other[site]).abs().max() / other[site].std())
        for site in read.sites
        if site not in skipped
    )


def bridged(model: LoadedModel, encoded: EncodedTexts) -> dict[str, Tensor]:
    """The last token of every text, at the same sites of the network with TransformerLens names."""
    rows = [read_sites(model.network, torch.tensor([row]), SITES) for row in encoded.rows]
    return {site: torch.stack([each[site][0, -1:] for each in rows]) for site in SITES}


@pytest.mark.parametrize(
    ("kind", "padding"),
    [
        *((kind, False) for kind in QUICK),
        *(pytest.param(kind, True, marks=pytest.mark.slow) for kind in SIZES),
    ],
)
def test_a_padded_batch_and_single_texts_give_the_same_features(
    kind: str, padding: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_language_model(language_folder(tmp_path, kind, padding=padding, beginning=padding))
    encoded = encode(model, texts())
    assert len(plan(encoded, most_tokens=2**13, most_texts=99)) == 1, "one batch holds all"
    alone = one_by_one(model, encoded)
    # hidden states end with the last norm, and GPT-2's begin with places added
    last = SITES[-1]
    skipped = (last, "hook_embed") if kind == "gpt2" else (last,)
    together = [read_texts(model, encoded, positions=POSITIONS, side=side) for side in SIDES]
    monkeypatch.setattr(read, "TOKENS", 1)
    single = read_texts(model, encoded, positions=POSITIONS)
    for found in together:
        assert found.sites == SITES
        assert farthest(found, alone, skipped) < CLOSE
        assert farthest(found, dict(single.values), ()) < CLOSE
        ends = TextActivations({s: v[:, :1] for s, v in found.values.items()}, ("last",))
        assert farthest(ends, bridged(model, encoded), ()) < CLOSE


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LoadedModel:
    return load_language_model(language_folder(tmp_path_factory.mktemp("llama")))


@pytest.fixture(scope="module")
def encoded(model: LoadedModel) -> EncodedTexts:
    return encode(model, texts(40))


@pytest.mark.parametrize("lost", ["attention_mask", "position_ids"])
def test_the_comparison_sees_a_model_that_is_not_told_of_padding(
    lost: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_language_model(language_folder(tmp_path, "gpt2"))
    encoded, network = encode(model, texts()), model.original.base_model
    usual = network.forward

    @functools.wraps(usual)
    def careless(**told: Tensor) -> Any:
        tokens = told["input_ids"]
        unaware = {
            "attention_mask": torch.ones_like(tokens),
            "position_ids": torch.arange(tokens.shape[1]).expand(tokens.shape),
        }
        return usual(**{**told, lost: unaware[lost]})

    monkeypatch.setattr(network, "forward", careless)
    left, right = (read_texts(model, encoded, positions=POSITIONS, side=side) for side in SIDES)
    assert farthest(left, dict(right.values), ()) > 0.1


def test_features_are_those_that_were_read(model: LoadedModel, encoded: EncodedTexts) -> None:
    found = read_texts(model, encoded, positions=POSITIONS, sites=SITES[1:3])
    features = found.features()
    assert features.sites == SITES[1:3]
    assert features.shape(SITES[1]) == (len(POSITIONS), WIDTH)
    rows = torch.cat([block.rows for block in features.blocks(SITES[1])])
    assert torch.equal(rows, found.values[SITES[1]])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_run_and_given_in_single(
    dtype: torch.dtype, model: LoadedModel, encoded: EncodedTexts
) -> None:
    half = load_language_model(model.folder, dtype=dtype)
    assert half.original.dtype is dtype
    found = read_texts(half, encoded, positions=POSITIONS)
    wanted = read_texts(model, encoded, positions=POSITIONS)
    assert all(values.dtype is torch.float32 for values in found.values.values())
    assert 1e-5 < farthest(found, dict(wanted.values), ()) < 0.3
    assert half.network(torch.tensor([[1, 2]])).dtype is dtype


def test_all_devices_of_a_machine_with_one_are_that_one(
    model: LoadedModel, encoded: EncodedTexts
) -> None:
    spread = load_language_model(model.folder, device="auto")
    found, wanted = read_texts(spread, encoded), read_texts(model, encoded)
    expected = "cuda" if torch.cuda.is_available() else "cpu"
    assert spread.device.type == expected
    assert farthest(found, dict(wanted.values), ()) < (1e-4 if expected == "cuda" else 1e-9)
    with pytest.raises(LanguageModelError, match="name one that this machine has"):
        load_language_model(model.folder, device="cuda:99")


def test_a_model_that_accelerate_spread_is_read_as_a_whole_one(
    model: LoadedModel, encoded: EncodedTexts, tmp_path: Path
) -> None:
    """Offloaded blocks stand for several devices, of which there is one here."""
    from accelerate import cpu_offload

    wanted = read_texts(model, encoded, positions=POSITIONS)
    spread = load_language_model(model.folder)
    cpu_offload(spread.original.base_model.layers, execution_device=torch.device("cpu"))
    found = read_texts(spread, encoded, positions=POSITIONS)
    assert farthest(found, dict(wanted.values), ()) < CLOSE


def test_fresh_weights_are_drawn_by_the_generator_and_no_file_is_read(
    model: LoadedModel, encoded: EncodedTexts
) -> None:
    before = torch.get_rng_state()
    moved = dataclasses.replace(model, folder=Path("/nowhere"))
    first, again = (untrained(moved, torch.Generator().manual_seed(5)) for _ in range(2))
    other = untrained(moved, torch.Generator().manual_seed(6))
    assert torch.equal(before, torch.get_rng_state())
    one, same, another, ours = (
        dict(read_texts(each, encoded).values) for each in (first, again, other, model)
    )
    last = SITES[-1]
    assert torch.equal(one[last], same[last])
    for different in (another, ours):
        assert float((one[last] - different[last]).abs().mean() / ours[last].std()) > 0.3
    assert 0.5 < float(one[last].std() / ours[last].std()) < 2
    assert first.original.training is False


def test_models_without_blocks_in_a_row_are_refused(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tuple(residual_sites(model)) == SITES
    monkeypatch.setattr(model.original.config, "num_hidden_layers", 7)
    with pytest.raises(TextError, match="no list of its 7 blocks"):
        residual_sites(model)
