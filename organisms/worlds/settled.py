"""Options of a world, checked and brought into the one form in which equal ones are equal."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from organisms.records.strict import SpecError
from organisms.worlds.world import World
from probes.arguments import near_misses
from probes.world.environment import ContextSpace
from probes.world.in_context import InContext

Fields = dict[str, Any]
"""Fields of a distribution by name."""


def require_names(kind: str, given: Iterable[object], names: Collection[str]) -> None:
    """Refuse what is none of a world's names of a kind."""
    for name in given:
        if name not in names:
            raise SpecError(f"unknown {kind} {name!r}; {near_misses(str(name), names)}")


def settled_channels(world: World[Any], absent: Iterable[str]) -> tuple[str, ...]:
    """Names of absent channels, sorted."""
    require_names(f"channel of the {world.name} world", absent, world.channels)
    return tuple(sorted(set(absent)))


def held_fields(world: World[Any], absent: Iterable[str]) -> Fields:
    """Fields of every distribution that absent channels hold."""
    return {name: value for one in absent for name, value in world.channels[one].held.items()}


def settled_fields(world: World[Any], option: str, given: Any, held: Fields) -> Fields:
    """Fields that an option sets, beside those that are held."""
    known = [field.name for field in fields(world.usual)]
    given = dict(given)
    require_names(f"field of {option}", given, known)
    for name, value in given.items():
        if value != held.get(name, value):
            raise SpecError(
                f"{option} sets {name} to {value!r}, and an absent channel holds it at "
                f"{held[name]!r}; leave one of them out"
            )
    return {name: tuple(one) if isinstance(one, list) else one for name, one in given.items()}


def settled_usual(world: World[Any], usual: Any, fixed: Fields, held: Fields) -> Any:
    """The distribution that a network was trained on."""
    if usual is None:
        usual = world.usual
    elif isinstance(usual, Mapping):
        usual = _with(world.usual, settled_fields(world, "usual", usual, held), "usual")
    elif type(usual) is not type(world.usual):
        kind = type(world.usual)
        raise SpecError(
            f"usual is a mapping of fields, or a {kind.__name__} of {kind.__module__}, got "
            f"{usual!r}"
        )
    return _with(usual, fixed, "usual")


def settled_shifts(world: World[Any], usual: Any, fixed: Fields) -> dict[str, Any]:
    """Shift -> distribution, without those that come to another one or to the usual one."""
    seen = [usual, _with(world.usual, fixed, "usual")]
    kept = {}
    for name, distribution in world.shifts.items():
        shift = _with(distribution, fixed, f"shift {name!r}")
        if shift not in seen:
            kept[name] = shift
            seen.append(shift)
    return kept


def _with(distribution: Any, changed: Fields, what: str) -> Any:
    try:
        return replace(distribution, **changed)
    except (TypeError, ValueError) as error:
        raise SpecError(f"{what}: {error}") from error


def settled_objective(world: World[Any], name: str, absent: Iterable[str]) -> str:
    """The name that an objective has where channels are absent."""
    require_names(f"objective of the {world.name} world", [name], world.objectives)
    for one in absent:
        if name in world.channels[one].objectives:
            raise SpecError(f"objective {name!r} needs channel {one!r}, which is absent")
        name = world.channels[one].becomes.get(name, name)
    return name


def settled_candidates(
    world: World[Any], asked: Sequence[str] | None, base: str, absent: Collection[str]
) -> tuple[str, ...]:
    """The base objective and those asked for, in the order of the world."""
    channels = [world.channels[name] for name in absent]
    gone = {name for one in channels for name in (*one.objectives, *one.becomes)}
    left = [name for name in world.objectives if name not in gone]
    kept = left if asked is None else [settled_objective(world, name, absent) for name in asked]
    return tuple(name for name in left if name in (base, *kept))


def settled_actions(world: World[Any], asked: Sequence[str] | None) -> tuple[str, ...]:
    """What each logit stands for."""
    names = world.action_names
    actions = names if asked is None else tuple(asked)
    require_names(f"action of the {world.name} world", actions, names)
    if not actions or len(set(actions)) < len(actions):
        raise SpecError(
            f"actions names what each logit stands for, each once, got {list(actions)}; the "
            f"{world.name} world has {list(names)}"
        )
    if isinstance(world, InContext) and len(actions) < len(names):
        raise SpecError(
            f"an answer of the {world.name} world is read off all {len(names)} logits, got "
            f"{len(actions)} actions; give every one, in the order of the network"
        )
    return actions


def settled_context(
    world: World[Any], documented: Collection[tuple[int, int]], absent: Collection[str]
) -> ContextSpace:
    """The free slots; none where the context is absent."""
    if documented and "context" in absent:
        raise SpecError("documented values lie in the context, and channel 'context' is absent")
    n_slots = 0 if "context" in absent else world.size.n_slots
    try:
        pairs = tuple(sorted({(slot, value) for slot, value in documented}))
        return ContextSpace(n_slots, world.size.n_values, pairs)
    except (TypeError, ValueError) as error:
        raise SpecError(
            f"documented is (slot, value) pairs, got {documented!r}: {error}"
        ) from error
