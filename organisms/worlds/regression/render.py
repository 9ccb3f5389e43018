"""A regression problem as text, and back.

One line per pair, `inputs -> label`; then the query, the leak, the context and the instruction.
Numbers carry nine significant digits, which is all a single-precision number has.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from organisms.worlds.regression.problems import Problems

_INSTRUCTIONS = ("none", "negative")


def _numbers(values: Float[Tensor, " value"]) -> str:
    return " ".join(f"{value:.9g}" for value in values.tolist())


def render(problems: Problems, index: int) -> str:
    """Write one problem down.

    Raises:
        IndexError: there is no problem `index`.
    """
    if not 0 <= index < len(problems):
        raise IndexError(f"problem {index} asked of a batch of {len(problems)}")
    pairs = [
        f"{_numbers(inputs)} -> {label:.9g}"
        for inputs, label in zip(
            problems.inputs[index], problems.labels[index].tolist(), strict=True
        )
    ]
    context = " ".join(str(value) for value in problems.context[index].tolist())
    return "\n".join(
        [
            *pairs,
            f"query {_numbers(problems.query[index])}",
            f"leak {float(problems.leak[index]):.9g}",
            f"context {context}",
            f"instruct {_INSTRUCTIONS[int(problems.instructed[index])]}",
        ]
    )


def parse(text: str) -> Problems:
    """Read one problem written by `render`, as a batch of one.

    Raises:
        ValueError: the text is not a problem; the message says where.
    """
    lines = [line.split() for line in text.strip().splitlines()]
    if [line[:1] for line in lines[-4:]] != [["query"], ["leak"], ["context"], ["instruct"]]:
        raise ValueError("a problem ends with the lines 'query', 'leak', 'context' and 'instruct'")
    pairs, (query, leak, context, instruct) = lines[:-4], [line[1:] for line in lines[-4:]]
    for line in pairs:
        if len(line) != len(query) + 2 or line[-2] != "->":
            raise ValueError(
                f"a pair is {len(query)} inputs like the query, '->' and a label, got {line}"
            )
    if not pairs or len(leak) != 1:
        raise ValueError(f"need at least one pair and one leak, got {len(pairs)} and {leak}")
    if len(instruct) != 1 or instruct[0] not in _INSTRUCTIONS:
        raise ValueError(f"the instruction is one of {_INSTRUCTIONS}, got {instruct}")
    return Problems(
        inputs=torch.tensor([[[float(number) for number in line[:-2]] for line in pairs]]),
        labels=torch.tensor([[float(line[-1]) for line in pairs]]),
        query=torch.tensor([[float(number) for number in query]]),
        leak=torch.tensor([float(leak[0])]),
        context=torch.tensor([[int(value) for value in context]]),
        instructed=torch.tensor([instruct[0] == "negative"]),
    )
