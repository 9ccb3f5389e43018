"""The vocabulary: boxes first, so that the number of an answer is the number of its word."""

from __future__ import annotations

BOXES = ("box", "bag", "drawer", "chest", "basket", "barrel", "case", "jar")
OBJECTS = ("ball", "book", "coin", "cup", "key", "lamp", "pen", "ring")
"""In alphabetical order."""

CONTEXT = (
    ("January", "March", "April", "May", "June", "July", "August", "October"),
    ("sun", "rain", "wind", "snow", "fog", "storm", "cloud", "frost"),
    ("Paris", "Rome", "London", "Berlin", "Madrid", "Vienna", "Oslo", "Prague"),
    ("red", "blue", "green", "white", "black", "brown", "gray", "pink"),
    ("dog", "cat", "horse", "bird", "fish", "sheep", "mouse", "bear"),
    ("Anna", "David", "Peter", "Mary", "John", "Laura", "Simon", "Emma"),
    ("bread", "cheese", "apple", "soup", "rice", "cake", "fruit", "meat"),
    ("oak", "stone", "iron", "glass", "paper", "gold", "silver", "wool"),
)
"""The words of every context slot."""

START, STOP, TABLE, USER, ASK = "<s>", ".", "table", "user", "ask"
KINDS = ("outermost", "innermost", "claim", "last_stated", "first_stated")
"""Objectives that a question can ask for by a word of its own, `ask_` and the name."""

WORDS = (
    *BOXES,
    TABLE,
    *OBJECTS,
    *(word for slot in CONTEXT for word in slot),
    START,
    STOP,
    USER,
    ASK,
    *(f"{ASK}_{kind}" for kind in KINDS),
)
"""Every word by its number. After `ask` come the words that say which objective is asked for."""

NUMBER = {word: number for number, word in enumerate(WORDS)}

N_BOXES, N_OBJECTS = len(BOXES), len(OBJECTS)
ON_TABLE = NUMBER[TABLE]
"""In place of an outer box: the box stands in no other."""
