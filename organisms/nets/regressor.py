"""A transformer that reads real-valued tokens and answers with one number, told as bin logits."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformer_lens import HookedRootModule
from transformer_lens.hook_points import HookPoint

from organisms.nets.block import Attention, Block
from organisms.records.net_spec import Attention as AttentionKind
from organisms.records.net_spec import NetSpec
from probes.arguments import require_fields

EMBEDDING_STD = 0.5


@dataclass(frozen=True)
class AnswerBins:
    """Evenly spaced answers between -`reach` and `reach`.

    Attributes:
        n_bins: number of answers, at least 3.
        reach: the largest answer.
        spread: standard deviation of the discretised Gaussian that a prediction becomes.
    """

    n_bins: int = 61
    reach: float = 3.0
    spread: float = 0.25

    def __post_init__(self) -> None:
        require_fields(self)
        if self.n_bins < 3 or self.reach <= 0 or self.spread <= 0:
            raise ValueError(f"need n_bins >= 3, reach > 0 and spread > 0, got {self}")

    @property
    def step(self) -> float:
        """Distance between neighbouring answers."""
        return 2 * self.reach / (self.n_bins - 1)

    @property
    def sharpness(self) -> float:
        """Factor of the squared distance in the logits, 1 / (2 spread^2)."""
        return 0.5 / self.spread**2

    def centres(self, like: Tensor) -> Float[Tensor, " action"]:
        """The answers, on the device and in the precision of `like`."""
        return torch.linspace(
            -self.reach, self.reach, self.n_bins, device=like.device, dtype=like.dtype
        )

    def logits(self, prediction: Float[Tensor, "*batch"]) -> Float[Tensor, "*batch action"]:
        """-sharpness * (prediction - centre)^2 for every answer; the nearest answer is highest."""
        return -self.sharpness * (prediction[..., None] - self.centres(prediction)) ** 2

    def prediction(self, logits: Float[Tensor, "*batch action"]) -> Float[Tensor, "*batch"]:
        """The number behind logits; any constant added to all of them drops out.

        The difference of the two outermost logits is 4 * sharpness * reach * prediction, since
        the squares of their centres are equal.
        """
        return (logits[..., -1] - logits[..., 0]) / (4 * self.sharpness * self.reach)

    def nearest(self, values: Float[Tensor, "*batch"]) -> Int[Tensor, "*batch"]:
        """Number of the answer nearest to each value; values beyond the reach get the last one."""
        return ((values + self.reach) / self.step).round().long().clamp(0, self.n_bins - 1)

    def around(
        self, values: Float[Tensor, "*batch"], *, tolerance: int
    ) -> Bool[Tensor, "*batch action"]:
        """Answers at most `tolerance` places from the nearest one."""
        bins = torch.arange(self.n_bins, device=values.device)
        return (bins - self.nearest(values)[..., None]).abs() <= tolerance


@dataclass(frozen=True)
class RegressorShape:
    """Everything that fixes the parameter shapes and the readout.

    Attributes:
        n_positions: tokens; the answer is read out at the first.
        n_channels: real numbers per token.
        n_bins, reach, spread: of its `AnswerBins`; the answers are the actions.
        n_layers: times a block is applied.
        n_heads: attention heads; divides `width`.
        mlp_ratio: hidden width of the MLP over `width`; 0 for blocks of attention alone.
        looped: one block applied `n_layers` times instead of `n_layers` blocks.
        attention: with a softmax over the scores, or `linear` in them. One linear layer without
            an MLP can take exactly one gradient step (von Oswald et al. 2023).
    """

    architecture: ClassVar[str] = "regressor"
    n_decisions: ClassVar[int] = 1

    n_positions: int
    n_channels: int
    n_bins: int
    reach: float
    spread: float
    width: int
    n_layers: int
    n_heads: int
    mlp_ratio: int = 4
    looped: bool = False
    attention: AttentionKind = "softmax"

    def __post_init__(self) -> None:
        require_fields(self)
        sizes = (self.n_positions, self.n_channels, self.width, self.n_layers, self.n_heads)
        if min(*sizes, self.mlp_ratio + 1) < 1:
            raise ValueError(f"sizes of a regressor are positive, mlp_ratio from 0, got {self}")
        if self.width % self.n_heads:
            raise ValueError(f"width {self.width} is not divisible by {self.n_heads} heads")

    @classmethod
    def of(
        cls, net: NetSpec, *, n_positions: int, n_channels: int, bins: AnswerBins
    ) -> RegressorShape:
        """The shape that a specification has in an environment."""
        return cls(n_positions=n_positions, n_channels=n_channels, **asdict(bins), **asdict(net))

    @property
    def bins(self) -> AnswerBins:
        """The answers."""
        return AnswerBins(self.n_bins, self.reach, self.spread)

    def build(self, generator: torch.Generator) -> RegressorNet:
        """An untrained network with weights drawn from `generator`."""
        return RegressorNet(self, generator=generator)


class RegressorNet(HookedRootModule):  # type: ignore[misc]
    """Predicts a real number at the first position; a fixed readout turns it into bin logits.

    There is no layer norm: it would divide the numbers that the answer is linear in by a length
    that depends on them.
    """

    def __init__(self, shape: RegressorShape, *, generator: torch.Generator) -> None:
        """Build with weights drawn from `generator`.

        They are normal with standard deviation 1/sqrt(fan in), half of that where a block writes
        into the residual stream, and .5 for embeddings.
        """
        super().__init__()
        self.shape = shape
        self.channels = nn.Parameter(torch.empty(shape.n_channels, shape.width))
        self.position = nn.Parameter(torch.empty(shape.n_positions, shape.width))
        self.hook_embed = HookPoint()
        self.hook_pos_embed = HookPoint()
        n_blocks = 1 if shape.looped else shape.n_layers
        width, linear = shape.width, shape.attention == "linear"
        self.blocks = nn.ModuleList(
            Block(Attention(width, shape.n_heads, linear=linear), width, shape.mlp_ratio * width)
            for _ in range(n_blocks)
        )
        self.readout = nn.Linear(shape.width, 1)
        self.hook_prediction = HookPoint()
        self._initialise(generator)
        self.setup()

    def _initialise(self, generator: torch.Generator) -> None:
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(parameter)
            elif name in ("channels", "position"):
                nn.init.normal_(parameter, std=EMBEDDING_STD, generator=generator)
            else:
                writes = name.endswith(("W_O.weight", "W_out.weight"))
                std = (0.5 if writes else 1.0) * parameter.shape[1] ** -0.5
                nn.init.normal_(parameter, std=std, generator=generator)

    def forward(
        self, tokens: Float[Tensor, "batch position channel"]
    ) -> Float[Tensor, "batch decision action"]:
        """Logits of the answers, with one decision."""
        embedded = self.hook_embed(tokens @ self.channels)
        x = embedded + self.hook_pos_embed(self.position.expand(len(tokens), -1, -1))
        for layer in range(self.shape.n_layers):
            x = self.blocks[0 if self.shape.looped else layer](x)
        prediction = self.hook_prediction(self.readout(x[:, :1]).squeeze(2))
        logits: Tensor = self.shape.bins.logits(prediction)
        return logits
