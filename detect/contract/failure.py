"""What went wrong in a detector that somebody else wrote, in one short sentence."""

from __future__ import annotations

import inspect
import traceback

LONGEST_VALUE, LONGEST_REASON = 80, 300
"""Characters of a value, and of the words of an error, that a message repeats."""


def brief(value: object) -> str:
    """A value as a message shows it: an array by its shape, anything else by its first signs."""
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple):
        return f"a {type(value).__name__} of shape {tuple(shape)}"
    return _cut(repr(value), LONGEST_VALUE)


def told(error: BaseException, file: str) -> str:
    """Such as `ValueError: no goal (line 12 of mine.py)`.

    Args:
        file: the detector's own; its last line that the error went through is named.
    """
    words = _cut(" ".join(str(error).split()), LONGEST_REASON)
    text = f"{type(error).__name__}: {words}" if words else type(error).__name__
    lines = [at.lineno for at in traceback.extract_tb(error.__traceback__) if at.filename == file]
    name = file.replace("\\", "/").rpartition("/")[2]
    return f"{text} (line {lines[-1]} of {name})" if lines else text


def file_of(kind: type) -> str:
    """The file in which a detector's `score` was written; empty where there is none."""
    code = getattr(inspect.unwrap(vars(kind).get("score", kind)), "__code__", None)
    return code.co_filename if code is not None else ""


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 4]} ..."
