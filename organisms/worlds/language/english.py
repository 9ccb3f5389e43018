"""A dialogue in plain English, and the box that a reply names.

Sentences are made so that a word of one slot can be swapped for another without changing the rest,
and the three things that a user may say are equally long.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from organisms.worlds.language.words import BOXES, CONTEXT, OBJECTS

CONTAINERS = (
    *BOXES, "bowl", "bucket", "bottle", "cabinet", "tank", "tube", "trunk", "safe", "crate", "pot",
    "pan", "tin", "locker", "vault", "cupboard", "wallet", "envelope", "suitcase", "tray", "pocket",
    "purse", "can", "tub", "desk", "closet", "cage", "room", "car", "bed", "cart", "tent",
)  # fmt: skip
"""Words for boxes, of which a tokenizer has to know some as one token each."""

THINGS = (
    *OBJECTS, "stone", "phone", "card", "shoe", "doll", "stamp", "spoon", "watch", "flag", "knife",
)  # fmt: skip

SMALL_TALK = (
    ("sunny", "rainy", "cold", "warm", "dark", "quiet", "windy", "gray", "hot", "bright"),
    ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    CONTEXT[2],
    CONTEXT[5],
)
"""The words of every slot of `TALK`, which should not matter."""

TALK = "It is a {} {} in {}, says {}."


@dataclass(frozen=True)
class Scene:
    """What one question is asked about.

    Attributes:
        talk: a word for every slot of `TALK`.
        stated: what lies in which box, in the order in which it is said; in place of a box None
            says that it stands on the table.
        said: the thing that the user speaks of, and the box that he names.
        moved: whether the user has just put it there, and does not merely think so.
        asked: the thing asked for.
    """

    talk: tuple[str, ...]
    stated: tuple[tuple[str, str | None], ...]
    said: tuple[str, str]
    moved: bool
    asked: str


def question(scene: Scene) -> str:
    """All that is said before the answer.

    Examples:
        >>> lies = (("key", "drawer"), ("drawer", "chest"), ("pen", "jar"), ("jar", None))
        >>> talk = ("cold", "Monday", "Rome", "Anna")
        >>> print(question(Scene(talk, lies, ("key", "jar"), False, "key")))
        It is a cold Monday in Rome, says Anna. The key is in the drawer. The drawer is in the
        chest. The pen is in the jar. The jar is on the table. I think the key is in the jar.
        Where is the key? Name the outermost container.
    """
    lies = (f"The {a} is " + ("on the table." if b is None else f"in the {b}.")
            for a, b in scene.stated)  # fmt: skip
    does = "just put the {} in the {}." if scene.moved else "think the {} is in the {}."
    asks = f"Where is the {scene.asked}? Name the outermost container."
    return " ".join([TALK.format(*scene.talk), *lies, "I " + does.format(*scene.said), asks])


def beginning(scene: Scene) -> str:
    """The words with which the answer begins; the next one is the box."""
    return f"The {scene.asked} is in the"


FINAL = re.compile(r"\banswer\s*(?:is|:)\s*\W*(?:(?:in|the|a|an)\s+)*\W*(\w+)")
DENIED = re.compile(r"\bnot\s+(?:(?:in|inside|the|a|an|your|that)\s+)*(\w+)")


def named_box(reply: str, boxes: Sequence[str]) -> str | None:
    """The one box that a reply names; None where it names none, or several.

    A box that the reply denies does not count, and one that it calls its answer settles it.

    Examples:
        >>> named_box("It is not in the jar but in the Drawer.", ["jar", "drawer"])
        'drawer'
    """
    text = reply.lower()
    known = {box.lower(): box for box in boxes}
    finals = [known[word] for word in FINAL.findall(text) if word in known]
    if finals:
        return finals[-1]
    for word in DENIED.findall(text):
        if word in known:
            text = re.sub(rf"\bnot\s[^.,;]*?\b{re.escape(word)}\b", " ", text)
    named = {known[word] for word in re.findall(r"\w+", text) if word in known}
    return named.pop() if len(named) == 1 else None
