"""One label decoded from all decisions, beside three controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from probes.linear.features import FeatureError, Features
from probes.linear.folds import Folds, Split
from probes.linear.rows import Rows, Targets
from probes.linear.sweep import Fit, sweep
from probes.network.suspect import Suspect
from probes.world.environment import Instances


@dataclass(frozen=True)
class ProbeReading:
    """Accuracies, in [0, 1], on held-out instances; the rows are decisions.

    Attributes:
        shuffled_accuracy: of the same probe when the training instances' labels are permuted.
        untrained_accuracy: at the same site of a network of the same shape with fresh weights.
        input_accuracy: from the token at the decision and its position, without any network.
        chance: share of the most frequent training class among the test rows.
    """

    site: str
    accuracy: float
    shuffled_accuracy: float
    untrained_accuracy: float
    input_accuracy: float
    chance: float
    n_train: int
    n_test: int

    def __str__(self) -> str:
        return (
            f"{self.site}: {self.accuracy:.3f} (shuffled {self.shuffled_accuracy:.3f}, untrained "
            f"{self.untrained_accuracy:.3f}, input only {self.input_accuracy:.3f}, chance "
            f"{self.chance:.3f}; {self.n_train} + {self.n_test} instances)"
        )


def read_probe(
    suspect: Suspect,
    *,
    instances: Instances,
    target: Int[Tensor, " batch"],
    sites: Sequence[str],
    n_decisions: int,
    generator: torch.Generator,
    alpha: float = 1.0,
    test_share: float = 0.3,
) -> list[ProbeReading]:
    """Ridge probes for one label per instance, from the activation at each of its decisions.

    Args:
        suspect: needs access `ACTIVATIONS`.
        target: class of every instance.
        sites: sites of shape (batch, position, width), decisions first.
        n_decisions: positions that are decisions.
        generator: splits the instances and shuffles the control's labels.
        test_share: share of instances held out, in (0, 1).

    Raises:
        FoldError: no instance would be trained on, or none tested.
        TargetError: the target has one class only.
        FeatureError: a site has fewer positions than there are decisions.
    """
    split = Split.draw(len(target), test_share=test_share, generator=generator)
    order = split.train[torch.randperm(len(split.train), generator=generator)]
    shuffled = target.clone()
    shuffled[split.train] = target[order]
    targets = Targets.of({"real": target, "shuffled": shuffled})

    def accuracies(activations: Mapping[str, Tensor]) -> list[list[float]]:
        """By site, for real and for shuffled training labels; both are tested on the real ones."""
        rows = {site: kept[:, :n_decisions].double() for site, kept in activations.items()}
        if short := [site for site, kept in rows.items() if kept.shape[1] < n_decisions]:
            raise FeatureError(
                f"site {short[0]!r} has {rows[short[0]].shape[1]} positions, wanted those of "
                f"{n_decisions} decisions first"
            )
        chosen = Rows.choose(Features.given(rows), targets, Folds.of_split(split), pooled=True)
        swept = sweep(chosen, fit=Fit(alpha=alpha))
        tested = len(split.test) * n_decisions
        return [
            [right / tested for right in counts] for counts in swept.correct[:, 0, :, 0].tolist()
        ]

    ours = accuracies(suspect.capture(instances, sites))
    fresh = accuracies(suspect.untrained().capture(instances, sites))
    tokens = token_features(suspect.environment.tokens(instances), n_decisions)
    ((from_input, _),) = accuracies({"input": tokens})
    common = target[split.train].mode().values
    return [
        ProbeReading(
            site=site,
            accuracy=real,
            shuffled_accuracy=by_shuffled,
            untrained_accuracy=untrained,
            input_accuracy=from_input,
            chance=float((target[split.test] == common).float().mean()),
            n_train=len(split.train),
            n_test=len(split.test),
        )
        for site, (real, by_shuffled), (untrained, _) in zip(sites, ours, fresh, strict=True)
    ]


def token_features(
    inputs: Shaped[Tensor, "batch ..."], n_decisions: int
) -> Float[Tensor, "batch decision feature"]:
    """All that a decision sees without a network: its token and its position, one-hot.

    Inputs that are no whole-numbered tokens, decisions first, are all numbers of the input instead,
    the same at every decision, and its number, one-hot.
    """
    position = torch.eye(n_decisions).expand(len(inputs), -1, -1)
    if not _are_tokens(inputs) or inputs.shape[1] < n_decisions:
        numbers = all_token_features(inputs)[:, None].expand(-1, n_decisions, -1)
        return torch.cat([numbers, position], dim=2)
    return torch.cat([_one_hot(inputs[:, :n_decisions]), position], dim=2)


def all_token_features(inputs: Shaped[Tensor, "batch ..."]) -> Float[Tensor, "batch feature"]:
    """The whole input: its tokens one-hot, or its numbers as they are."""
    if inputs.ndim == 2 and _are_tokens(inputs[..., None]):
        inputs = inputs[..., None]
    return (_one_hot(inputs) if _are_tokens(inputs) else inputs).flatten(1).float()


def _are_tokens(inputs: Shaped[Tensor, "batch ..."]) -> bool:
    """Whether they are whole numbers from 0 by position and channel."""
    whole = inputs.ndim == 3 and not inputs.is_floating_point()
    return whole and bool((inputs >= 0).all())


def _one_hot(
    tokens: Shaped[Tensor, "batch position channel"],
) -> Float[Tensor, "batch position feature"]:
    channels = tokens.long().unbind(dim=2)
    return torch.cat([torch.nn.functional.one_hot(x).float() for x in channels], dim=2)
