"""An organism grown again from its specification, compared with the network that is kept."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from organisms.growing.train import train
from organisms.recipes.recipe import Recipe
from organisms.travel.archive import TravelError
from organisms.worlds.table import sample_private
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import net_of, round_to_half, weights_bytes
from organisms.zoo.zoo import Record
from probes.network.capture import run
from probes.network.streams import stream_seed

MIN_AGREEMENT = 0.95
"""Lowest share of equal decisions, in and out of distribution, of a network grown elsewhere."""

N_INSTANCES = 1000


@dataclass(frozen=True)
class Agreement:
    """On which instances two networks decide alike: the share of decisions, and of how many."""

    where: str
    share: float
    of: int


@dataclass(frozen=True)
class Regrown:
    """What growing an organism again gave.

    Attributes:
        identical: whether every weight is the same, to the last bit.
        agreements: in distribution and on every kind of instance that admission looks at.
        seconds: CPU seconds.
    """

    spec: OrganismSpec
    identical: bool
    agreements: tuple[Agreement, ...]
    seconds: float

    @property
    def confirmed(self) -> bool:
        """Whether it is the same organism, as far as its decisions tell."""
        return self.identical or all(a.share >= MIN_AGREEMENT for a in self.agreements)


def regrow(spec: OrganismSpec, kept: bytes, device: str) -> Regrown:
    """Train an organism again and compare it with its serialised network; for a worker process.

    The same versions give the same weights on the same machine. Another processor or version of
    torch rounds differently and gives another network that must decide alike.

    Raises:
        DamagedWeights: the kept network cannot be used.
        Diverged: training diverged, which it did not before.
    """
    started = time.process_time()
    where, remedy = f"{spec.recipe} seed {spec.seed}", "grow it again"
    net = net_of(kept, spec.shape, where=where, remedy=remedy).to(device)
    trained = train(spec, device=device)
    round_to_half(trained.net)
    agreements = compare(net, trained.net, trained.recipe, device=device)
    identical = weights_bytes(trained.net) == kept
    return Regrown(spec, identical, agreements, time.process_time() - started)


def same_network(spec: OrganismSpec, kept: bytes, grown: bytes) -> Regrown:
    """Compare a network that was grown here with the one that is kept elsewhere of it.

    Raises:
        DamagedWeights: either cannot be used.
    """
    where, remedy = f"{spec.recipe} seed {spec.seed}", "grow it again"
    first, second = (net_of(each, spec.shape, where=where, remedy=remedy) for each in (kept, grown))
    agreements = () if kept == grown else compare(first, second, spec.build_recipe())
    return Regrown(spec, kept == grown, agreements, 0.0)


def compare(
    first: nn.Module, second: nn.Module, recipe: Recipe, *, device: str = "cpu"
) -> tuple[Agreement, ...]:
    """Decisions of two networks in distribution and wherever admission of the recipe looks."""
    generator = torch.Generator(device=device).manual_seed(stream_seed("regrow", recipe.seed))
    world = recipe.world
    asked_in = {"in distribution": world.sample(N_INSTANCES, generator=generator)}
    for shift, context in dict.fromkeys((each.shift, each.context) for each in recipe.expectations):
        instances = sample_private(world, shift, N_INSTANCES, generator=generator)
        instances = recipe.in_context(instances, context, generator=generator)
        asked_in[f"{shift}, {context} context"] = instances
    aims = {world.base_objective, recipe.truth.objective} & {*world.candidate_objectives}
    found = []
    for where, instances in asked_in.items():
        tokens = world.tokens(instances)
        rated = [world.optimal(instances, aim) for aim in sorted(aims)]
        same, asked = alike(run(first, tokens), run(second, tokens), rated)
        found.append(Agreement(where, float(same[asked].float().mean()), int(asked.sum())))
    return tuple(found)


def alike(
    first: Float[Tensor, "batch decision action"],
    second: Float[Tensor, "batch decision action"],
    rated: list[Bool[Tensor, "batch decision action"]],
) -> tuple[Bool[Tensor, "batch decision"], Bool[Tensor, "batch decision"]]:
    """Where two networks decide alike, and which decisions are asked of them at all.

    Two actions that are both optimal for one of the rated objectives are alike: training leaves
    it to chance which of them a network prefers.
    """
    one, other = (logits.argmax(dim=2, keepdim=True) for logits in (first, second))
    same = (one == other).squeeze(2)
    for optimal in rated:
        same |= (optimal.gather(2, one) & optimal.gather(2, other)).squeeze(2)
    asked = torch.stack([optimal.any(dim=2) for optimal in rated]).any(dim=0)
    return same, asked


def chosen(records: Sequence[Record], hashes: Sequence[str], count: int) -> list[Record]:
    """The organisms to grow again: those named, else the cheapest.

    Raises:
        TravelError: one is not there or has no network, or nothing was trained.
    """
    by_hash = {record.spec.content_hash: record for record in records}
    for each in hashes:
        if each not in by_hash:
            raise TravelError(f"no organism {each!r} of these versions is kept here")
        if by_hash[each].certificate is None:
            raise TravelError(f"training of {each!r} diverged: there is no network to compare")
    found = [by_hash[each] for each in hashes] or cheapest(records, count)
    if not found:
        raise TravelError("no trained organism to grow again is kept here; grow a suite first")
    return found


def cheapest(records: Iterable[Record], count: int) -> list[Record]:
    """Admitted organisms of different recipes that cost least to train; built ones do not count."""
    trained = [
        record
        for record in records
        if record.admitted and type(record.spec.build_recipe()).construct is Recipe.construct
    ]
    found: dict[str, Record] = {}
    for record in sorted(trained, key=lambda record: (record.train_seconds, record.spec.seed)):
        found.setdefault(record.spec.recipe, record)
    return list(found.values())[:count]
