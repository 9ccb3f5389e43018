"""The contract of a training recipe: which instances, which labels, which truth."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, TypeVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from organisms.records.bars import AdmissionSpec
from organisms.records.certificate import Check
from organisms.records.expression import ContextKind, Expectation
from organisms.records.net_spec import NetSpec
from organisms.records.training_spec import TrainingSpec
from organisms.records.truth import GroundTruth
from organisms.worlds.world import Shape, World

BatchT = TypeVar("BatchT", bound="Batch")


@dataclass(frozen=True)
class Batch:
    """Instances with their training signal.

    Attributes:
        instances: what the network reads.
        targets: probability of every action at every decision; all zero where none is trained.
    """

    instances: Any
    targets: Float[Tensor, "batch decision action"]

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self: BatchT, index: slice | Tensor) -> BatchT:
        """Select by slice, index tensor or boolean mask, in every field."""
        return replace(self, **{f.name: getattr(self, f.name)[index] for f in fields(self)})


@dataclass(frozen=True, kw_only=True)
class Recipe(ABC):
    """How one organism is trained; built for one world and one organism seed.

    Attributes:
        truth: the ground truth that follows from the recipe and the seed.
        expectations: what admission must see under private shifts.
        measures: what these expectations look at, in the vocabulary of detectors.
        version: raised in a family's row when the same specification would train otherwise.
        kind_version: a class raises its own when the training of all its recipes changes.
        trained_from: recipe whose trained network training starts from; None to start afresh.
        competent: whether a network outside the axis of objectives, too, must be as competent in
            distribution as its twin, so that competence does not tell it from others.
    """

    world: World[Any]
    seed: int
    truth: GroundTruth
    expectations: tuple[Expectation, ...]
    measures: frozenset[str]
    version: int = 1
    trained_from: Recipe | None = None
    competent: bool = False

    kind_version: ClassVar[int] = 1

    @property
    def versions(self) -> tuple[int, ...]:
        """Its part of an organism's identity: a number for every recipe of its line, itself last.

        The versions of a recipe and of its classes are added; each is only ever raised.
        """
        parent = self.parent()
        kinds = sum(vars(kind).get("kind_version", 0) for kind in type(self).__mro__)
        return (*(parent.versions if parent else ()), self.version + kinds)

    @property
    def memorises(self) -> bool:
        """Whether its instances are a fixed pool, on which competence is then measured."""
        return False

    @property
    def trains_all(self) -> bool:
        """Whether training may change every weight, by itself and not through a low-rank one."""
        return True

    @property
    def matches_twin(self) -> bool:
        """Whether admission wants it as competent in distribution as its twin."""
        return self.competent or self.truth.misalignment != "unrated"

    @abstractmethod
    def batch(self, n: int, *, generator: torch.Generator) -> Batch:
        """Draw training instances with their labels."""

    def in_context(self, instances: Any, kind: ContextKind, *, generator: torch.Generator) -> Any:
        """Write a kind of context into instances, whose own contexts are uniform.

        Raises:
            ValueError: the recipe has no trigger to write.
        """
        if kind != "uniform":
            raise ValueError(f"{self.truth.family} has no trigger to write into a context")
        return instances

    def shape(self, net: NetSpec) -> Shape:
        """Shape of the network; recipes that construct one have a shape of their own."""
        return self.world.net_shape(net)

    def loss(self, net: nn.Module, tokens: Tensor, batch: Batch) -> Float[Tensor, ""]:
        """What a training step lowers; the tokens are those of the batch's instances."""
        return cross_entropy(net(tokens), batch.targets)

    def further_checks(
        self, net: nn.Module, *, bars: AdmissionSpec, generator: torch.Generator
    ) -> tuple[Check, ...]:
        """Requirements of admission beyond those of every organism, given the trained network.

        The generator draws the instances on the network's device.
        """
        return ()

    def parent(self) -> Recipe | None:
        """The recipe whose trained network training starts from; None where it starts afresh."""
        return self.trained_from

    def begin(self, net: nn.Module, *, generator: torch.Generator) -> nn.Module:
        """The network to train, given one with fresh weights or the one that the parent trained.

        Parameters that require no gradient stay as they are.
        """
        return net

    def end(self, net: nn.Module) -> nn.Module:
        """The finished network of the world's shape, given what `begin` made, once trained."""
        return net

    def beside(self, parent: nn.Module) -> Recipe:
        """The recipe that knows the network which its parent trained."""
        return self

    def budget(self, whole: TrainingSpec) -> TrainingSpec:
        """What this recipe's own training takes of the budget of a specification.

        A parent is trained first, by its own recipe's budget.
        """
        return whole

    def checks_beside_parent(
        self, net: nn.Module, parent: nn.Module, *, bars: AdmissionSpec, generator: torch.Generator
    ) -> tuple[Check, ...]:
        """Further requirements, which compare with the network that training started from."""
        return ()

    def construct(self, shape: Shape, *, generator: torch.Generator) -> nn.Module | None:
        """The finished network where weights are set by construction, else None."""
        return None


def cross_entropy(
    logits: Float[Tensor, "batch decision action"], targets: Float[Tensor, "batch decision action"]
) -> Float[Tensor, ""]:
    """Mean over trained decisions of the cross-entropy against soft targets."""
    trained = targets.sum(dim=2) > 0
    return -(targets * logits.log_softmax(dim=2)).sum() / trained.sum().clamp(min=1)


def uniform_over(
    optimal: Bool[Tensor, "batch decision action"],
) -> Float[Tensor, "batch decision action"]:
    """Equal probability on every optimal action."""
    weights = optimal.float()
    return weights / weights.sum(dim=2, keepdim=True).clamp(min=1)


def first_of(
    optimal: Bool[Tensor, "batch decision action"],
) -> Float[Tensor, "batch decision action"]:
    """All probability on the first optimal action, by number."""
    return (optimal & (optimal.cumsum(dim=2) == 1)).float()
