"""Locally made GPT-2 and Llama folders are captured and steered without a network."""

import json
import socket
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn

from probes.causal.intervene import ablated, steered
from probes.language_model import LanguageModelError, LoadedModel, load_language_model
from probes.network.capture import UnknownSite, read_sites, run
from scripted import generator

VOCABULARY, WIDTH, LENGTH = 40, 16, 6
SITES = [f"blocks.{block}.hook_resid_{part}" for block in (0, 1) for part in ("pre", "mid", "post")]
TOKENS = torch.randint(VOCABULARY, (200, LENGTH), generator=generator())
Loaded = tuple[LoadedModel, nn.Module]
KINDS = ("gpt2", "llama", "gpt2 with tokenizer", "llama with tokenizer")


def model_of(kind: str) -> nn.Module:
    from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)  # transformers draws first weights from the global generator alone
    if kind == "gpt2":
        sizes = GPT2Config(
            vocab_size=VOCABULARY, n_positions=16, n_embd=WIDTH, n_layer=2, n_head=2,
            bos_token_id=0, eos_token_id=0,
        )  # fmt: skip
        return GPT2LMHeadModel(sizes).eval()
    shape = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=WIDTH, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=16,
    )  # fmt: skip
    return LlamaForCausalLM(shape).eval()


def put_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = {f"w{number}": number for number in range(VOCABULARY)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="w0"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="w0", pad_token="w0", eos_token="w0", bos_token="w0"
    ).save_pretrained(folder)


@pytest.fixture(scope="module", params=KINDS)
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """A model read back from its folder with sockets forbidden, and the model itself."""
    kind, _, rest = request.param.partition(" ")
    folder = tmp_path_factory.mktemp(request.param.replace(" ", "-"))

    def forbidden(*_: object) -> None:
        raise AssertionError("a network was asked for")

    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")
        model = model_of(kind)
        model.save_pretrained(folder)
        if rest:
            put_tokenizer(folder)
        patch.setattr(socket.socket, "connect", forbidden)
        patch.setattr(socket, "getaddrinfo", forbidden)
        read = load_language_model(folder)
        assert read.network is not None
        return read, model


def test_logits_are_those_of_the_model(loaded: Loaded) -> None:
    with torch.no_grad():
        wanted = loaded[1](TOKENS).logits
    torch.testing.assert_close(run(loaded[0].network, TOKENS), wanted, atol=1e-5, rtol=0)


def test_sites_hold_the_hidden_states(loaded: Loaded) -> None:
    with torch.no_grad():
        states = loaded[1](TOKENS, output_hidden_states=True).hidden_states
    read = read_sites(loaded[0].network, TOKENS, SITES)
    for block in (0, 1):
        pre = read[f"blocks.{block}.hook_resid_pre"]
        torch.testing.assert_close(pre, states[block], atol=1e-5, rtol=0)
    assert not torch.allclose(read[SITES[1]], read[SITES[0]], atol=1e-3)
    torch.testing.assert_close(read[SITES[2]], read[SITES[3]])


def test_steering_the_last_block_moves_logits_as_the_readout_says(loaded: Loaded) -> None:
    network, direction = loaded[0].network, torch.linspace(-1, 1, WIDTH)
    before = run(network, TOKENS)
    with steered(network, {SITES[-1]: direction}, strength=50.0):
        far = run(network, TOKENS)
    # so far out the layer norm leaves the direction alone: the same logits for every instance
    assert float((far - far[:1, :1]).abs().max()) < 0.1 * float(far.std())
    with steered(network, {SITES[2]: direction}, positions=(3,)):
        after = run(network, TOKENS)
    assert torch.equal(after[:, :3], before[:, :3])
    assert not torch.allclose(after[:, 3:], before[:, 3:], atol=1e-3)
    with ablated(network, ["blocks.1.hook_mlp_out"]):
        assert not torch.allclose(run(network, TOKENS), before, atol=1e-4)
    assert torch.equal(run(network, TOKENS), before)


def test_texts_need_a_tokenizer(loaded: Loaded) -> None:
    model = loaded[0]
    if model.tokenizer is not None:
        assert model.tokens(["w1 w2 w39", "w0 w5 w5"]).tolist() == [[1, 2, 39], [0, 5, 5]]
    word = "one length" if model.tokenizer else "tokenizer"
    with pytest.raises(LanguageModelError, match=word):
        model.tokens(["w1", "w1 w2"])


def test_unknown_and_silent_hooks_are_errors(loaded: Loaded) -> None:
    # the second is a hook that a flag has to switch on
    for site in ("blocks.9.hook_resid_post", "blocks.0.attn.hook_result"):
        with pytest.raises(UnknownSite):
            read_sites(loaded[0].network, TOKENS, [site])


def test_folders_that_hold_no_safe_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LanguageModelError, match="config"):
        load_language_model(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(LanguageModelError, match="refused"):
        load_language_model(tmp_path)
