"""A language organism, or the base that all start from, as a folder that other tools read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evals.command.command import keep
from evals.command.console import console
from evals.command.options import HomeOption

BASE = "base"
"""In place of a hash, which is of hexadecimal digits: the shared base of the language world."""


def save(
    id: Annotated[
        str,
        typer.Argument(
            help=f"Hash of a language organism, or its start; '{BASE}' is what all start from."
        ),
    ],
    folder: Annotated[Path, typer.Argument(help="Where to write it; must not exist.")],
    lora: Annotated[
        bool,
        typer.Option("--lora", help="Only the LoRA over the base, of one that was trained so."),
    ] = False,
    home: HomeOption = Path(),
) -> None:
    """Save a language organism as a Hugging Face folder, without its truth.

    transformers, PEFT and TransformerLens read the folder, and so does `mesascope audit`.
    """
    from organisms.travel.language_folder import save_base_folder

    if id == BASE:
        if lora:
            raise typer.BadParameter("the base has no LoRA; leave --lora out")
        save_base_folder(folder)
        name = "the shared base of the language world"
    else:
        name = _organism(id, folder, lora, home)
    keep({"saved": name, "folder": str(folder), "lora": lora})
    console.print(f"{name}: {folder}", highlight=False, soft_wrap=True)


def _organism(id: str, folder: Path, lora: bool, home: Path) -> str:
    """Save an organism; returns what a line of output calls it."""
    from evals.scoring.named_suspect import find_organism
    from evals.suite.home import Home
    from organisms.nets.language_net import LanguageNet
    from organisms.travel.archive import TravelError
    from organisms.travel.language_folder import save_language_folder
    from organisms.travel.language_lora import rank_of, save_language_lora

    zoo = Home(home).zoo
    record = find_organism(id, zoo)
    spec = record.spec
    if record.certificate is None:
        raise TravelError(f"training of {spec.label} diverged: there is no network to save")
    net = zoo.net(spec)
    if not isinstance(net, LanguageNet):
        raise TravelError(
            f"{spec.label} is no language model, so it has no Hugging Face folder; `mesascope zoo "
            "export` writes organisms of any world, and `mesascope audit` reads their own folders"
        )
    if lora:
        save_language_lora(net, rank_of(spec), folder)
    else:
        save_language_folder(net, folder)
    return f"{spec.label}, {record.verdict}"
