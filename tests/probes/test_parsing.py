"""JSON and TOML that have two meanings, or none, are refused."""

from __future__ import annotations

import pytest

from probes.parsing import UnreadableFile, parse_json, parse_toml

NO_JSON = {
    "cut short": '{"a": 1',
    "a key twice": '{"a": 1, "a": 2}',
    "a key twice inside": '[{"b": {"a": 1, "a": 1}}]',
    "no number": '{"a": NaN}',
    "infinite": '{"a": 1e999}',
    "beyond 64 bits": f'{{"a": {10**400}}}',
    "beyond what int reads": f'{{"a": {"9" * 5000}}}',
    "nested deeply": "[" * 100_000,
    "half a character": '{"a": "\\ud800"}',
    "not UTF-8": b'{"a": "\xff"}',
    "empty": "",
}
NO_TOML = {
    "cut short": "a = [1",
    "a key twice": "a = 1\na = 2",
    "no number": "a = [{b = nan}]",
    "infinite": "a = -inf",
    "beyond 64 bits": f"a = {10**400}",
    "nested deeply": "a = " + "[" * 100_000,
    "not UTF-8": b'a = "\xff"',
}


@pytest.mark.parametrize("text", NO_JSON.values(), ids=NO_JSON)
def test_json_with_no_meaning_or_two_is_refused_by_name(text: str | bytes) -> None:
    with pytest.raises(UnreadableFile, match=r"^here\.json is not valid JSON"):
        parse_json(text, "here.json")


@pytest.mark.parametrize("text", NO_TOML.values(), ids=NO_TOML)
def test_toml_with_no_meaning_is_refused_by_name(text: str | bytes) -> None:
    with pytest.raises(UnreadableFile, match=r"^here\.toml is not valid TOML"):
        parse_toml(text, "here.toml")


def test_ordinary_text_is_read() -> None:
    assert parse_json('{"a": [1, -2.5, null, true, "é"]}'.encode(), "here") == {
        "a": [1, -2.5, None, True, "é"]
    }
    assert parse_toml("a = 18446744073709551615\nb = 'é'", "here") == {"a": 2**64 - 1, "b": "é"}
