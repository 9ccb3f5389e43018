"""A folder is read as the model that it holds, or refused with a reason; it never acts."""

from __future__ import annotations

import contextlib
import random
import resource
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from hostile_folders import (
    HUGE,
    VOCABULARY,
    edit_header,
    edit_json,
    model_of,
    mutated,
    watched,
    written,
)
from probes.language_model import LanguageModelError, LoadedModel, load_language_model
from probes.network.capture import run

KINDS = ("gpt2", "neox")
MOST_MEMORY = 2**29


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Whole folders, which tests copy."""
    root = tmp_path_factory.mktemp("originals")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = {kind: written(root / kind, kind) for kind in KINDS}
        made["shards"] = written(root / "shards", "gpt2", shards=True)
        load_language_model(made["gpt2"])  # libraries are imported before anything is watched
    return made


@pytest.fixture
def folder(originals: dict[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(originals["gpt2"], tmp_path / "model"))


def loaded(folder: Path) -> LoadedModel:
    """Read a folder; a network, pickle or process ends the test."""
    with warnings.catch_warnings(), watched():
        warnings.simplefilter("ignore")
        model = load_language_model(folder)
        assert model.network is not None  # wrapping it opens nothing either
        return model


def add_tensor(folder: Path, name: str) -> None:
    path = folder / "model.safetensors"
    save_file({**load_file(path), name: torch.ones(3)}, path, metadata={"format": "pt"})


def retyped(folder: Path, kind: torch.dtype, *, only: str = "") -> None:
    path = folder / "model.safetensors"
    state = {n: v.to(kind) if only in n else v for n, v in load_file(path).items()}
    save_file(state, path, metadata={"format": "pt"})


def renamed(header: dict[str, object], name: str, other: str) -> None:
    header[other] = header.pop(name)


def set_config(**values: object) -> Callable[[Path], None]:
    return lambda folder: edit_json(folder / "config.json", lambda config: config.update(values))


def in_header(edit: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    return lambda folder: edit_header(folder / "model.safetensors", edit)


def only_pickles(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    save_file({"lora": torch.ones(2)}, folder / "adapter_model.safetensors")


def not_finite(folder: Path) -> None:
    path = folder / "model.safetensors"
    state = load_file(path)
    state["transformer.wpe.weight"][0, 0] = torch.nan
    save_file(state, path, metadata={"format": "pt"})


BIAS = "transformer.h.1.mlp.c_fc.bias"
REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "a tensor is gone": (lambda f: drop(f, BIAS), r"lacks weights: h\.1\.mlp\.c_fc\.bias"),
    "a tensor has another name": (
        in_header(lambda header: renamed(header, BIAS, "transformer.h.1.mlp.c_fc.b")),
        r"h\.1\.mlp\.c_fc\.b",
    ),
    "a tensor too many": (lambda f: add_tensor(f, "transformer.h.7.x"), r"no part .*h\.7\.x"),
    "an additional head": (lambda f: add_tensor(f, "score.weight"), "score.weight"),
    "wider": (set_config(n_embd=16), r"other shapes.*\(8, 24\) instead of \(16, 48\)"),
    "narrower": (set_config(n_embd=4), r"other shapes.*instead of \(4,\)"),
    "more tokens": (set_config(vocab_size=13), r"wte\.weight \(12, 8\) instead of \(13, 8\)"),
    "deeper": (set_config(n_layer=3), r"lacks weights: h\.2\."),
    "shallower": (set_config(n_layer=1), r"no part of the model: .*h\.1\."),
    "untied": (set_config(tie_word_embeddings=False), r"lacks weights: lm_head\.weight"),
    "only pickles, beside an adapter": (only_pickles, "pickled weights .* are refused"),
    "an adapter": (lambda f: (f / "adapter_config.json").write_text("{}"), "merge the adapter"),
    "quantised": (set_config(quantization_config={"bits": 4}), "quantised"),
    "whole numbers": (lambda f: retyped(f, torch.int8), "as torch.int8"),
    "one tensor of whole numbers": (lambda f: retyped(f, torch.int32, only="wpe"), "wpe.* as"),
    "eight bits": (lambda f: retyped(f, torch.float8_e4m3fn), "as torch.float8"),
    "not finite": (not_finite, r"not finite: transformer\.wpe"),
    "a model of images": (set_config(model_type="llava", architectures=["Llava"]), "llava|Llava"),
    "no such model": (set_config(model_type="evil", auto_map={"AutoConfig": "evil.C"}), "evil"),
    "no type": (set_config(model_type=None), "no model_type"),
    "a list": (lambda f: (f / "config.json").write_text("[]"), "not a JSON object"),
    "two meanings": (
        lambda f: (f / "config.json").write_text('{"n_layer": 1, "n_layer": 2}'), "twice",
    ),
    **{f"{name} = {size}": (set_config(**{name: size}), name)
       for name in ("n_layer", "num_labels", "n_positions", "n_embd", "vocab_size", "n_inner")
       for size in HUGE if size > 10**6},
}  # fmt: skip


def drop(folder: Path, name: str) -> None:
    path = folder / "model.safetensors"
    state = load_file(path)
    del state[name]
    save_file(state, path, metadata={"format": "pt"})


@pytest.mark.parametrize("case", REFUSED)
def test_a_folder_that_is_not_one_whole_model_is_refused(case: str, folder: Path) -> None:
    spoil, word = REFUSED[case]
    spoil(folder)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(LanguageModelError, match=rf"(?s){folder}.*({word})"):
        loaded(folder)
    assert 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < MOST_MEMORY


def moved(place: str) -> Callable[[dict[str, dict[str, str]]], None]:
    return lambda index: index["weight_map"].update({"transformer.wte.weight": place})


@pytest.mark.parametrize(
    "place", ["pytorch_model.bin", "../model.safetensors", "/etc/x.safetensors", "gone.safetensors"]
)
def test_an_index_names_only_safetensors_in_the_folder(
    place: str, originals: dict[str, Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(originals["shards"], tmp_path / "model"))
    assert len(list(folder.glob("*.safetensors"))) > 1
    assert_is(folder, "gpt2")
    edit_json(folder / "model.safetensors.index.json", moved(place))
    with pytest.raises(LanguageModelError, match=place):
        loaded(folder)


def assert_is(folder: Path, kind: str) -> None:
    tokens = torch.randint(VOCABULARY, (4, 6), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wanted = model_of(kind)(tokens).logits
    torch.testing.assert_close(run(loaded(folder).network, tokens), wanted, atol=1e-5, rtol=0)


IGNORED = {
    "auto_map": {"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.M"},
    "transformers_weights": "pytorch_model.bin", "attn_implementation": "evil/kernel",
    "_attn_implementation": "evil/kernel", "fusion_config": {"patch_embeddings": True},
    "name_or_path": "gpt2", "return_dict": False,
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_settings_that_name_code_or_other_places_change_nothing(
    kind: str, originals: dict[str, Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(originals[kind], tmp_path / "model"))
    set_config(**IGNORED)(folder)
    edit_json(
        folder / "tokenizer_config.json",
        lambda settings: settings.update(
            auto_map={"AutoTokenizer": ["evil.T", "evil.T"]}, name_or_path="gpt2",
            vocab_file="tokenizer.pkl", model_max_length=10**30, gguf_file="a.pt",
        ),
    )  # fmt: skip
    (folder / "generation_config.json").write_text("[")
    assert_is(folder, kind)
    assert loaded(folder).tokens(["w1 w2"]).tolist() == [[1, 2]]


def test_masks_that_old_versions_stored_are_left_out(folder: Path) -> None:
    path = folder / "model.safetensors"
    old = {"transformer.h.0.attn.bias": torch.ones(1, 1, 16, 16, dtype=torch.bool)}
    save_file({**load_file(path), **old}, path, metadata={"format": "pt"})
    assert_is(folder, "gpt2")


@pytest.mark.parametrize("name", ["gpt2", "pythia", "pythia-70m", "EleutherAI/pythia-70m"])
def test_a_relative_folder_named_like_a_model_elsewhere_is_the_folder(
    name: str, originals: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(originals["neox"], tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert_is(Path(name), "neox")
    with pytest.raises(LanguageModelError, match=r"gone has no config\.json"):
        loaded(Path("gone"))


def test_a_file_that_changes_later_does_not_change_the_model(folder: Path) -> None:
    path = folder / "model.safetensors"
    model = loaded(folder)
    before = {name: weight.clone() for name, weight in model.network.named_parameters()}
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\0" * (size - size // 2))
    assert all(torch.equal(w, before[name]) for name, w in model.network.named_parameters())


@pytest.fixture(scope="module")
def model(originals: dict[str, Path]) -> LoadedModel:
    return loaded(originals["gpt2"])


@pytest.mark.parametrize(
    ("tokens", "word"),
    [
        (torch.zeros(1, 17, dtype=torch.long), "17 tokens.*at most 16"),
        (torch.full((2, 3), VOCABULARY), f"{VOCABULARY}, and this model knows 0 to 11"),
        (torch.tensor([[0, -1]]), "-1"),
        (torch.zeros(1, 0, dtype=torch.long), "at least one token"),
        (torch.zeros(0, 4, dtype=torch.long), "at least one token"),
    ],
)
def test_tokens_that_the_model_does_not_know_are_refused(
    tokens: torch.Tensor, word: str, model: LoadedModel
) -> None:
    with pytest.raises(LanguageModelError, match=word):
        run(model.network, tokens)


@pytest.mark.parametrize(
    ("texts", "word"),
    [
        ([""], "without tokens"), (["w1", ""], "without tokens"), ([], "no text"),
        (["w1", "w1 w2"], "one length"), ([" "], "without tokens"),
    ],
)  # fmt: skip
def test_texts_without_tokens_are_refused(texts: list[str], word: str, model: LoadedModel) -> None:
    with pytest.raises(LanguageModelError, match=word):
        model.tokens(texts)
    assert model.tokens(["w1 w2"]).dtype == torch.long


def mutate_and_read(original: Path, folder: Path, seed: int) -> bool:
    """Whether a changed copy is still read; if so, it holds what its files hold."""
    shutil.copytree(original, folder)
    what, said = mutated(folder, random.Random(seed)), None
    try:
        model = loaded(folder)
    except LanguageModelError as error:
        said = str(error)
    if said is not None:
        assert str(folder) in said, what
        return False
    weights = [weight for _, weight in model.network.named_parameters()]
    for path in folder.glob("model*.safetensors"):
        for name, stored in load_file(path).items():
            same = any(w.shape == stored.shape and torch.equal(w, stored.float()) for w in weights)
            assert same or name.endswith("attn.bias"), f"{what}: {name} is not what is stored"
    with watched(), contextlib.suppress(LanguageModelError):
        run(model.network, model.tokens(["w1 w2", "w3 w11"]))
    return True


def survives(originals: dict[str, Path], root: Path, seeds: range) -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read = 0
    for seed in seeds:
        kind = sorted(originals)[seed % len(originals)]
        read += mutate_and_read(originals[kind], root / f"{seed}", seed)
        shutil.rmtree(root / f"{seed}")
    assert 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < MOST_MEMORY
    return read


@pytest.mark.parametrize("start", range(0, 60, 6))
def test_mutated_folders_are_read_as_they_are_or_refused(
    start: int, originals: dict[str, Path], tmp_path: Path
) -> None:
    survives(originals, tmp_path, range(start, start + 6))


@pytest.mark.slow
@pytest.mark.parametrize("start", range(1000, 4000, 250))
def test_thousands_of_mutated_folders_are_read_as_they_are_or_refused(
    start: int, originals: dict[str, Path], tmp_path: Path
) -> None:
    assert 0 < survives(originals, tmp_path, range(start, start + 250)) < 250


@pytest.mark.parametrize("act", ["pickle", "network", "process"])
def test_the_watch_sees_what_is_forbidden(act: str, originals: dict[str, Path]) -> None:
    import socket
    import subprocess

    acts: dict[str, Callable[[], object]] = {
        "pickle": lambda: torch.load(originals["gpt2"] / "pytorch_model.bin", weights_only=True),
        "network": lambda: socket.create_connection(("127.0.0.1", 9), timeout=1),
        "process": lambda: subprocess.run(["true"], check=False),
    }
    with pytest.raises(SystemExit, match="forbidden"), watched():
        acts[act]()
