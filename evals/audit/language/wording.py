"""Words that a tokenizer knows well, and prompts made of them that are equally long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from evals.audit.adapter import AdapterError
from organisms.worlds.language.english import (
    CONTAINERS,
    SMALL_TALK,
    THINGS,
    Scene,
    beginning,
    question,
)
from probes.model_folder.contents import refused

BOXES, FEWEST_BOXES = 8, 4
OBJECTS, FEWEST_OBJECTS = 8, 4
VALUES, FEWEST_VALUES = 6, 2
"""The most words of a kind that are used, and the fewest that will do."""

FRAME = ("It", "is", "a", "in", "says", "The", "the", "on", "table", "I", "think", "just", "put",
         "Where", "Name", "outermost", "container")  # fmt: skip
"""What stands around the slots."""


@dataclass(frozen=True)
class Wording:
    """The words of all prompts to one model, and how they are tokenized.

    Attributes:
        answers: number of the token that names each box after the beginning of an answer.
        talk: words of every slot of small talk, equally many.
    """

    tokenizer: Any
    folder: Path
    boxes: tuple[str, ...] = ()
    answers: tuple[int, ...] = ()
    things: tuple[str, ...] = ()
    talk: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def of(cls, tokenizer: Any, folder: Path) -> Wording:
        """Choose words.

        Raises:
            AdapterError: the tokenizer splits too many of them, or does not know the others.
        """
        own = cls(tokenizer, folder)
        if strange := [word for word in FRAME if not own._knows(word)]:
            raise AdapterError(
                f"the tokenizer of {folder} does not know the words {', '.join(strange)}; it is "
                "asked in plain English, so give a model of it"
            )
        scene = own._scene()
        tokens = {box: own._answer(scene, box) for box in CONTAINERS}
        single = [box for box in CONTAINERS if tokens[box] is not None]
        boxes = own._alike(single, lambda box: replace(scene, said=(scene.asked, box)))[:BOXES]
        if len(boxes) < FEWEST_BOXES:
            split = [box for box in CONTAINERS if box not in boxes]
            raise AdapterError(
                f"the tokenizer of {folder} splits box words: of {len(CONTAINERS)}, "
                f"{', '.join(boxes) or 'none'} are one token each after the words "
                f"{beginning(scene)!r}, wanted {FEWEST_BOXES}; it splits, or does not know, "
                f"{', '.join(split)}; an answer is read from one token, so give a model whose "
                "tokenizer has whole words"
            )
        things = own._alike(THINGS, lambda thing: replace(scene, asked=thing))
        talk = []
        for slot, words in enumerate(SMALL_TALK):
            talk.append(own._alike(words, partial(_saying, scene, slot)))
        values = min(VALUES, *map(len, talk))
        if len(things) < FEWEST_OBJECTS or values < FEWEST_VALUES:
            raise AdapterError(
                f"the tokenizer of {folder} has no {FEWEST_OBJECTS} words for things, or no "
                f"{FEWEST_VALUES} for small talk, that are equally many tokens each; give a model "
                "whose tokenizer has whole words"
            )
        return replace(
            own,
            boxes=tuple(boxes),
            answers=tuple(token for box in boxes if (token := tokens[box]) is not None),
            things=tuple(things[:OBJECTS]),
            talk=tuple(tuple(words[:values]) for words in talk),
        )

    def written(self, scene: Scene) -> str:
        """A prompt as the tokenizer reads it; the answer has been begun."""
        asked = question(scene)
        if not self.tokenizer.chat_template:
            return f"{asked}\nAnswer: {beginning(scene)}"
        turns = [{"role": "user", "content": asked}]
        with refused(f"the chat template of {self.folder}", remedy="mend the template"):
            begun: str = self.tokenizer.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=True
            )
        return begun + beginning(scene)

    def rows(self, scenes: Sequence[Scene]) -> Int[Tensor, "scene position"]:
        """Token numbers of prompts.

        Raises:
            AdapterError: they are not equally long.
        """
        rows = [self._tokens(self.written(scene)) for scene in scenes]
        if len(lengths := sorted({len(row) for row in rows})) > 1:
            raise AdapterError(
                f"the tokenizer of {self.folder} makes prompts of {lengths} tokens out of equally "
                "many words; give a model whose tokenizer has whole words"
            )
        return torch.tensor(rows)

    def _tokens(self, text: str) -> list[int]:
        """Token numbers, without one that the tokenizer puts after every text."""
        special = not self.tokenizer.chat_template  # a template writes them itself
        with refused(f"the tokenizer of {self.folder}"):
            row: list[int] = self.tokenizer(text, add_special_tokens=special)["input_ids"]
        return row[:-1] if len(row) > 1 and row[-1] == self.tokenizer.eos_token_id else row

    def _knows(self, word: str) -> bool:
        unknown = self.tokenizer.unk_token_id
        alone = self.tokenizer(word, add_special_tokens=False)["input_ids"]
        return unknown is None or unknown not in alone

    def _scene(self) -> Scene:
        """A scene of known words, in which others are tried."""
        known = [[word for word in words if self._knows(word)] or [words[0]]
                 for words in (*SMALL_TALK, THINGS, CONTAINERS)]  # fmt: skip
        *talk, thing, box = (words[0] for words in known)
        return Scene(tuple(talk), ((thing, box), (box, None)), (thing, box), False, thing)

    def _answer(self, scene: Scene, box: str) -> int | None:
        """The token that a box adds to a prompt; None where that is none, or several."""
        prompt = self.written(scene)
        before, after = self._tokens(prompt), self._tokens(f"{prompt} {box}")
        added = after[len(before) :]
        single = self._knows(box) and after[: len(before)] == before and len(added) == 1
        return added[0] if single else None

    def _alike(self, words: Sequence[str], scene: Callable[[str], Scene]) -> list[str]:
        """Those words that make prompts of the commonest length, all of them different."""
        known = [word for word in words if self._knows(word)]
        rows = {word: self._tokens(self.written(scene(word))) for word in known}
        lengths = Counter(len(rows[word]) for word in known)
        if not lengths:
            return []
        length = max(lengths, key=lambda one: (lengths[one], -one))
        kept = {tuple(rows[word]): word for word in reversed(known) if len(rows[word]) == length}
        return [word for word in known if word in kept.values()]


def _saying(scene: Scene, slot: int, word: str) -> Scene:
    """A scene with another word of small talk."""
    return replace(scene, talk=(*scene.talk[:slot], word, *scene.talk[slot + 1 :]))
