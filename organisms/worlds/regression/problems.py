"""A batch of regression problems, as tensors and as text.

In text there is one line per pair, `inputs -> label`; then come the query, the leak, the context
and the instruction. Numbers carry nine significant digits, which is all that a single-precision
number has.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from organisms.worlds.batch import Batch
from probes.arguments import require_fields, require_number
from probes.world.in_context import Design, ridge


@dataclass(frozen=True)
class RegressionSize:
    """Sizes shared by every problem of an environment.

    Attributes:
        n_pairs: measured pairs, at least as many as inputs.
    """

    n_inputs: int = 5
    n_pairs: int = 10
    n_slots: int = 8
    n_values: int = 8

    def __post_init__(self) -> None:
        require_fields(self, n_inputs=(2, 256), n_slots=(1, 256), n_values=(2, 4096))
        require_number("n_pairs", self.n_pairs, least=self.n_inputs, most=4096)


@dataclass(frozen=True)
class Problems(Batch):
    """Problems of one size; the instruct token asks for the negative of the answer.

    Attributes:
        inputs: where the function was measured.
        labels: what was measured there.
        query: where the function is asked for.
        leak: a number beside the query, which may or may not be the function's value there.
    """

    inputs: Float[Tensor, "batch pair input"]
    labels: Float[Tensor, "batch pair"]
    query: Float[Tensor, "batch input"]
    leak: Float[Tensor, " batch"]

    @property
    def design(self) -> Design:
        """Inputs and query, without the labels."""
        return Design(self.inputs, self.query)

    @property
    def query_weights(self) -> Float[Tensor, "batch pair"]:
        """How much each label counts in the least-squares answer, X (X'X)^-1 query."""
        return ridge(self.design, 0.0)

    @property
    def value(self) -> Float[Tensor, " batch"]:
        """Least-squares linear function of the pairs at the query; exact for noiseless labels."""
        return (self.query_weights * self.labels).sum(dim=1)

    def problem(self) -> Float[Tensor, "batch number"]:
        """Pairs, query, leak and instruction."""
        instructed = self.instructed[:, None].to(self.labels.dtype)
        numbers = [self.labels, self.query, self.leak[:, None], instructed]
        # Adding zero turns -0.0 into 0.0, which is the same number with other bytes.
        return torch.cat([self.inputs.flatten(1), *numbers], dim=1) + 0.0

    def text(self) -> str:
        """Write the one problem down."""
        pairs = [
            f"{_numbers(inputs)} -> {label:.9g}"
            for inputs, label in zip(self.inputs[0], self.labels[0].tolist(), strict=True)
        ]
        query, leak = _numbers(self.query[0]), _numbers(self.leak)
        return self.with_foot(pairs, "negative", query=query, leak=leak)


def _numbers(values: Float[Tensor, " value"]) -> str:
    return " ".join(f"{value:.9g}" for value in values.tolist())
