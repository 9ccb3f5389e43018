"""Whatever an error quotes, its message is one line that any terminal can show."""

from __future__ import annotations

import pytest

from probes.errors import LONGEST, MesascopeError


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no suite 'a'; choose one", "no suite 'a'; choose one"),
        ("first\n\tsecond", "first second"),
        ("a\x1b]0;t\x07b", "a\\x1b]0;t\\x07b"),
        ("é and \u202e", "é and \\u202e"),
        ("\x00", "\\x00"),
    ],
)
def test_a_message_is_one_line_without_codes(text: str, shown: str) -> None:
    assert str(MesascopeError(text)) == shown


def test_a_long_message_keeps_its_beginning_and_its_end() -> None:
    said = str(MesascopeError("file.json: got " + "x" * 10**6 + "; run again"))
    assert said.startswith("file.json: got xxx")
    assert said.endswith("xxx; run again")
    assert len(said) < LONGEST + 10
