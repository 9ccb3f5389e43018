"""Texts of no class: ordinary ones that set a limit, or ones that a probe watches."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from probes.parsing import parse_json
from probes.texts.dataset import Text, TextError


@dataclass(frozen=True)
class PlainTexts:
    """Texts, and what continues each where that was given."""

    texts: tuple[Text, ...]
    answers: tuple[str | None, ...]


def read_plain_texts(path: Path) -> PlainTexts:
    """Read one text per line, or JSON lines of `{"text", "answer"}` where the file ends in .jsonl.

    Raises:
        TextError: there is no such file or no text in it, or a line is something else.
        UnreadableFile: a line of a .jsonl file is not JSON.
    """
    try:
        lines = [
            line for line in Path(path).read_text(encoding="utf-8").split("\n") if line.strip()
        ]
    except (OSError, UnicodeError) as error:
        raise TextError(f"cannot read {path} ({error}); give a file of texts in UTF-8") from error
    if not lines:
        raise TextError(f"{path} holds no text; write one text per line")
    if Path(path).suffix != ".jsonl":
        return PlainTexts(tuple(line.strip() for line in lines), (None,) * len(lines))
    texts, answers = [], []
    for number, line in enumerate(lines, start=1):
        record = parse_json(line, f"{path}, text {number}")
        told = record if isinstance(record, dict) else {}
        text, answer = told.get("text"), told.get("answer")
        if not (isinstance(text, str) and text.strip()) or not isinstance(answer, str | None):
            raise TextError(
                f'{path}, text {number} wants an object such as {{"text": "..."}}, with "answer" '
                "where something continues it"
            )
        texts.append(text)
        answers.append(answer)
    return PlainTexts(tuple(texts), tuple(answers))
