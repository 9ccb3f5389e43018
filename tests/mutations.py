"""Files changed at random, as accident or malice would change them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")

Change = Callable[[bytes, Random], bytes]
"""A file's content and the source of randomness -> other content."""

DEEP = 100_000
ODD: tuple[Any, ...] = (
    None, True, [], {}, "", "3", -1, 0, 1, 0.5, -0.5, 2**31, 2**53 + 1, 2**63, 2**64 - 1, 2**64,
    10**400, -(10**400), 1e308, -1e308, 1e-320, float("nan"), float("inf"), [None], [[1, 2], 3],
    {"a": {"b": 1}}, "\x1b]0;t\x07", "a\nb", "\x00", "[/x]", "../../x", "é\u202e", "\ud800",
    "x" * 50_000,
)  # fmt: skip
"""Values that no field wants; some of them some fields do."""

ODD_TOML = (
    "", "null", "true", "[]", "{}", '""', '"3"', "-1", "0", "0.5", str(2**53 + 1), str(2**63),
    str(10**400), "1e308", "nan", "-inf", "1979-05-27", "[1, [2]]", "{a = {b = 1}}", '"\\u001b[2J"',
    '"../../x"', '"a\\nb"', "[" * 50_000, '"' + "x" * 50_000 + '"', "9" * 5000, "'", "1_0", "0x10",
)  # fmt: skip


def bytewise(content: bytes, random: Random) -> bytes:
    """Bytes flipped, cut off, doubled, replaced or put between."""
    place = random.randrange(len(content) + 1)
    other = random.randrange(len(content) + 1)
    low, high = sorted((place, other))
    changed = bytearray(content)
    for _ in range(random.choice((1, 1, 2, 8))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return random.choice(
        (
            bytes(changed),
            content[:place],
            content[place:],
            content[:low] + content[high:],
            content[:high] + content[low:],
            content[:place] + random.choice((b"\x00", b"\xff", b"\r", b"\x1b[2J", b'"', b"{")),
            content[:place] + random.randbytes(4) + content[place:],
            b"",
        )
    )


def json_text(content: bytes, random: Random) -> bytes:
    """A value of JSON replaced, left out, doubled or said twice; now and then bytes."""
    if random.random() < 0.15:
        return bytewise(content, random)
    data = json.loads(content)
    places = list(_places(data))
    if not places or random.random() < 0.05:
        return _dumped(random.choice(ODD))
    for _ in range(random.choice((1, 1, 1, 2))):
        holder, key = random.choice(places)
        _change(holder, key, random)
        places = list(_places(data)) or [([0], 0)]
    text = _dumped(data)
    if random.random() < 0.1:
        text = _said_twice(text.decode(), random).encode()
    if random.random() < 0.05:
        opened = random.choice((b"[", b'{"a":'))
        text = text.replace(b"null", opened * DEEP, 1)
        text = text if len(text) > DEEP else opened * DEEP
    return text


def json_lines(content: bytes, random: Random) -> bytes:
    """One line of several changed as JSON, or the whole as bytes."""
    lines = content.splitlines(keepends=True)
    place = random.randrange(len(lines))
    lines[place] = json_text(lines[place].rstrip(b"\n"), random) + b"\n"
    return bytewise(content, random) if random.random() < 0.1 else b"".join(lines)


def toml_text(content: bytes, random: Random) -> bytes:
    """A line of TOML with another value, doubled, left out or moved; now and then bytes."""
    if random.random() < 0.15:
        return bytewise(content, random)
    lines = content.decode().splitlines()
    for _ in range(random.choice((1, 1, 1, 2))):
        place = random.randrange(len(lines))
        key, equals, _ = lines[place].partition("=")
        choice = random.randrange(8)
        if choice < 4 and equals:
            lines[place] = f"{key}= {random.choice(ODD_TOML)}"
        elif choice == 4:
            lines.insert(random.randrange(len(lines)), lines[place])
        elif choice == 5 and len(lines) > 1:
            del lines[place]
        elif choice == 6:
            lines.insert(place, random.choice(("new = 1", ".".join("a" * DEEP) + " = 1", "[x]")))
        else:
            lines[place] = lines[place].replace("=", ".a =")
    return "\n".join(lines).encode()


def tensors(content: bytes, random: Random) -> bytes:
    """A file of weights with another header, another length of it, or another body."""
    size = int.from_bytes(content[:8], "little")
    header, body = content[8 : 8 + size], content[8 + size :]
    choice = random.randrange(6)
    if choice == 0:
        return bytewise(content, random)
    if choice == 1:
        number = random.choice((0, size - 1, size + 1, 2**31, 2**63, 2**64 - 1))
        return number.to_bytes(8, "little") + header + body
    if choice == 2:
        return content[: 8 + size] + bytewise(body, random)
    header = json_text(header, random)
    if random.random() < 0.3:
        names = [b"F16", b"F32", b"BF16", b"I8", b"F64", b"BOOL", b"F8_E4M3", b"F128"]
        header = header.replace(b"F16", random.choice(names), random.choice((1, -1)))
    return len(header).to_bytes(8, "little") + header + body


def _places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Every holder in parsed JSON with every key of it."""
    pairs: Sequence[tuple[Any, Any]] = ()
    if isinstance(data, dict):
        pairs = list(data.items())
    elif isinstance(data, list):
        pairs = list(enumerate(data))
    for key, value in pairs:
        yield data, key
        yield from _places(value)


def _change(holder: Any, key: Any, random: Random) -> None:
    choice = random.randrange(8)
    if choice < 5:
        holder[key] = random.choice(ODD)
    elif choice == 5:
        del holder[key]
    elif isinstance(holder, list):
        holder.insert(key, holder[random.randrange(len(holder))])
    elif choice == 6:
        holder[random.choice(("new", "", "\x1b", "x" * 1000))] = random.choice(ODD)
    else:
        holder[key] = random.choice(list(holder.values()))


def _said_twice(text: str, random: Random) -> str:
    """The text with one more entry at the beginning of some object, under a key that it has."""
    objects = list(re.finditer(r'\{\s*("[^"]*")\s*:', text))
    if not objects:
        return text
    found = random.choice(objects)
    return f"{text[: found.start()]}{{{found[1]}: 1, {text[found.start() + 1 :]}"


def _dumped(data: Any) -> bytes:
    return json.dumps(data).encode("utf-8", "surrogatepass")
