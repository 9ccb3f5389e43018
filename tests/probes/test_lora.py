"""A LoRA folder changes what its merged twin changes, or is refused with a reason."""

from __future__ import annotations

import builtins
import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from hostile_folders import edit_json, watched
from language_folders import VOCABULARY, language_folder, language_model, tokenizer
from probes.language_model import LanguageModelError, load_language_model
from probes.texts.dataset import TextSet
from probes.texts.encode import encode
from probes.texts.read import read_texts
from scripted import generator

TOKENS = torch.randint(VOCABULARY, (4, 9), generator=generator())
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "a pattern of modules": ("llama", {"target_modules": r".*\.[qv]_proj"}),
    "weights that lie transposed": (
        "gpt2", {"target_modules": ["c_attn", "c_proj"], "fan_in_fan_out": True},
    ),
    "magnitudes apart from directions": (
        "llama", {"target_modules": ["o_proj", "down_proj"], "use_dora": True},
    ),
    "other ranks and scales": (
        "gpt_neox", {"target_modules": ["query_key_value", "dense"], "use_rslora": True,
                     "rank_pattern": {"dense": 3}, "alpha_pattern": {"dense": 5}},
    ),
    "a whole layer besides": (
        "llama", {"target_modules": ["q_proj"], "modules_to_save": ["lm_head"], "bias": "all"},
    ),
}  # fmt: skip


def adapted(kind: str, **settings: Any) -> Any:
    """A model with an adapter that changes something from the first."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(1)
    config = LoraConfig(r=2, lora_alpha=8, init_lora_weights=False, **settings)
    return get_peft_model(language_model(kind), config)


@pytest.fixture(params=KINDS)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Any]:
    """The folders of a model, its adapter and its merged twin, and the model with adapter."""
    kind, settings = KINDS[request.param]
    language_folder(tmp_path / "model", kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = adapted(kind, **settings).eval()
        if "modules_to_save" in settings:
            model.base_model.model.lm_head.modules_to_save["default"].weight.data += 0.1
        model.save_pretrained(tmp_path / "lora")
        adapted_model = adapted(kind, **settings).eval()
        adapted_model.load_state_dict(model.state_dict())
        adapted_model.merge_and_unload().save_pretrained(tmp_path / "merged")
        tokenizer().save_pretrained(tmp_path / "merged")
    return tmp_path, model


def test_an_adapter_changes_what_its_merged_twin_changes(case: tuple[Path, Any]) -> None:
    folder, model = case
    with watched(), torch.no_grad():
        ours = load_language_model(folder / "model", lora=folder / "lora")
        merged = load_language_model(folder / "merged")
        plain = load_language_model(folder / "model")
    with torch.no_grad():
        wanted = model(TOKENS).logits
        got, bridged, twin, base = (
            ours.original(TOKENS).logits,
            ours.network(TOKENS),
            merged.original(TOKENS).logits,
            plain.original(TOKENS).logits,
        )
    scale = float(wanted.std())
    for same in (got, bridged, twin):
        torch.testing.assert_close(same, wanted, atol=1e-5 * scale, rtol=0)
    assert float((base - wanted).abs().max()) > 0.1 * scale
    texts = TextSet(("w1 w2 w3", "w4 w5 w6 w7"), (0, 1), ("a", "b"), (None, None), ("no", "yes"))
    read = [read_texts(each, encode(each, texts)).values for each in (ours, merged, plain)]
    last = list(read[0])[-1]
    torch.testing.assert_close(read[0][last], read[1][last], atol=1e-5, rtol=0)
    assert not torch.allclose(read[0][last], read[2][last], atol=0.01)


def weights(edit: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], None]:
    def change(lora: Path) -> None:
        tensors = load_file(lora / "adapter_model.safetensors")
        edit(tensors)
        save_file(tensors, lora / "adapter_model.safetensors")

    return change


def settings(**values: object) -> Callable[[Path], None]:
    return lambda lora: edit_json(lora / "adapter_config.json", lambda told: told.update(values))


def pickled(lora: Path) -> None:
    (lora / "adapter_model.safetensors").rename(lora / "adapter_model.bin")


def widened(tensors: dict[str, torch.Tensor]) -> None:
    name = next(name for name in tensors if "lora_A" in name)
    tensors[name] = torch.ones(2, 24)


def made_infinite(tensors: dict[str, torch.Tensor]) -> None:
    next(iter(tensors.values()))[0, 0] = torch.inf


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "no adapter": (lambda lora: (lora / "adapter_config.json").unlink(), "no adapter_config.json"),
    "a pickle": (pickled, r"\.bin.* refused"),
    "another kind": (settings(peft_type="IA3"), "of type IA3, wanted LORA"),
    "not finite": (weights(made_infinite), "not finite"),
    "of a wider model": (weights(widened), "was trained on"),
    "of no modules here": (settings(target_modules=["c_attn"]), "was trained on"),
    "a weight is gone": (weights(lambda t: t.pop(next(iter(t)))), "does not fit"),
    "a weight too many": (weights(lambda t: t.update(x=torch.ones(2))), "does not fit"),
    "of higher rank": (settings(r=4), "was trained on"),
    "layers that stand there twice": (settings(layer_replication=[[0, 2], [1, 3]]), "asks for"),
    "only after a word": (settings(alora_invocation_tokens=[1]), "asks for alora"),
    "no rank": (settings(r=0), "was trained on"),
    "torn": (lambda lora: (lora / "adapter_model.safetensors").write_bytes(b"x"), "cannot be read"),
    "no JSON": (lambda lora: (lora / "adapter_config.json").write_text("{"), "not valid JSON"),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    language_folder(folder / "model")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adapted("llama", target_modules=["q_proj"]).save_pretrained(folder / "lora")
    return folder


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_in_one_line(name: str, whole: Path, tmp_path: Path) -> None:
    damage, message = REFUSED[name]
    lora = Path(shutil.copytree(whole / "lora", tmp_path / "lora"))
    damage(lora)
    with watched(), pytest.raises(LanguageModelError, match=message) as refusal:
        load_language_model(whole / "model", lora=lora)
    assert "\n" not in str(refusal.value)


def test_places_that_an_adapter_names_are_never_looked_at(whole: Path, tmp_path: Path) -> None:
    lora = Path(shutil.copytree(whole / "lora", tmp_path / "lora"))
    settings(
        base_model_name_or_path="somebody/model", revision="main", auto_map={"A": "evil.C"},
        auto_mapping={"base_model_class": "Evil", "parent_library": "evil"},
        megatron_core="evil", eva_config={"path": "evil"},
    )(lora)  # fmt: skip
    with watched():
        load_language_model(whole / "model", lora=lora)
    assert "evil" not in sys.modules


def test_a_machine_without_peft_is_told_what_to_install(
    whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "peft":
            raise ImportError(name)
        return usual(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    load_language_model(whole / "model")
    with pytest.raises(LanguageModelError, match=r"pip install 'mesascope\[lora\]'"):
        load_language_model(whole / "model", lora=whole / "lora")
