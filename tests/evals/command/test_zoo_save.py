"""`mesascope zoo save`: which organisms become Hugging Face folders, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from calling import Typed
from evals.audit.opening import Source, open_network
from evals.suite.home import Home
from inline import LENIENT, PLAIN, Inline
from organisms.growing.population import Wanted, grow
from organisms.records.net_spec import NetSpec
from organisms.records.training_spec import TrainingSpec
from organisms.worlds.language.base import BASE
from organisms.zoo.spec import OrganismSpec

TWIN = OrganismSpec(
    "language/aligned_plain",
    seed=99,
    twin_seed=99,
    net=NetSpec(width=64, n_layers=3, n_heads=4),
    training=TrainingSpec(steps=2, batch_size=8, learning_rate=1e-3, warmup_steps=1),
    admission=LENIENT,
)
LORA = replace(TWIN, recipe="language/aligned_lora", seed=7)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two fine-tunes of the base, one of them by LoRA, and two networks of the maze."""
    place = Home(tmp_path_factory.mktemp("home"))
    grow(place.zoo, [Wanted(LORA, 1, 1), Wanted(PLAIN, 1, 1)], engine=Inline())
    return place


@pytest.mark.parametrize("spec", [TWIN, LORA], ids=["whole", "lora"])
def test_an_organism_and_its_folder_are_one_network(
    spec: OrganismSpec, home: Home, tmp_path: Path, typed: Typed
) -> None:
    folder, start = tmp_path / "saved", spec.content_hash[:8]
    said = typed("zoo", "save", start, folder, "--home", home.root)
    assert spec.content_hash in said
    kept, saved = open_network(home.zoo.folder(spec), Source()), open_network(folder, Source())
    assert saved.weights_sha256 == kept.weights_sha256
    assert saved.environment == kept.environment
    told = " ".join(path.read_text() for path in folder.glob("*.json"))
    assert spec.recipe not in told, "the folder tells no truth"
    typed("zoo", "save", start, folder, "--home", home.root, code=2)


def test_a_lora_merged_into_the_base_is_the_organism_but_for_rounding(
    home: Home, tmp_path: Path, typed: Typed
) -> None:
    typed("zoo", "save", "base", tmp_path / "base")
    typed("zoo", "save", LORA.content_hash, tmp_path / "lora", "--lora", "--home", home.root)
    kept = open_network(home.zoo.folder(LORA), Source())
    merged = open_network(tmp_path / "base", Source(world="language", lora=tmp_path / "lora"))
    base = open_network(BASE, Source())
    dialogues = kept.environment.sample(50, generator=torch.Generator().manual_seed(0))
    tokens = kept.environment.tokens(dialogues)
    apart = (merged.network(tokens) - kept.network(tokens)).abs().max()
    assert apart < 0.1, "hardly trained, so that rounding shows more"
    assert (base.network(tokens) - kept.network(tokens)).abs().max() > 1
    assert merged.made_by == "Hugging Face folder and LoRA"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((TWIN.content_hash, "FOLDER", "--lora"), "was not trained as a LoRA"),
        ((PLAIN.content_hash, "FOLDER"), "is no language model"),
        (("ffff", "FOLDER"), "no organism does"),
        (("", "FOLDER"), "no organism does"),
        (("base", "FOLDER", "--lora"), "the base has no LoRA"),
        ((TWIN.content_hash, "."), "is there already"),
    ],
)
def test_what_cannot_be_saved_is_refused_and_nothing_is_written(
    words: tuple[str, ...],
    said: str,
    home: Home,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    typed: Typed,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert said in typed("zoo", "save", *words, "--home", home.root, code=2)
    assert not list(tmp_path.iterdir())
