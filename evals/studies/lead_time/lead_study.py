"""Which networks a study of lead times follows through their training, and the following."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass
from pathlib import Path

from detect.registry import load_detector
from evals.studies.lead_time.trace import Trace, checkpoint_steps, trace
from evals.suite.build import Group
from evals.suite.suite import Suite
from organisms.growing.train import Diverged
from organisms.records.strict import SpecError
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.zoo import Zoo


@dataclass(frozen=True)
class LeadPlan:
    """Networks of one build, organisms by family, all followed at the same steps."""

    suite: Suite
    build: str
    organisms: Mapping[str, tuple[OrganismSpec, ...]]
    controls: tuple[OrganismSpec, ...]
    steps: tuple[int, ...]
    detectors: tuple[str, ...]


@dataclass(frozen=True)
class LeadStudy:
    """What was followed of a plan; `failed` says in words which trainings did not finish."""

    plan: LeadPlan
    organisms: Mapping[str, tuple[Trace, ...]]
    controls: tuple[Trace, ...]
    failed: tuple[str, ...]


def plan_leads(
    suite: Suite,
    zoo: Zoo,
    families: Sequence[str],
    *,
    organisms: int,
    controls: int,
    checkpoints: int,
    detectors: Sequence[str] = (),
) -> LeadPlan:
    """Choose networks: attempts that the zoo lists as duds are passed over, others taken in order.

    Args:
        organisms, checkpoints: networks of each family, and looks at each network.
        controls: aligned networks, families of controls in turn.
        detectors: those that ask for misalignment; without any, the suite's without floors.

    Raises:
        SpecError: a family is not tested in the suite, none of its builds has them all, two
            families have different trainings, or there are too few attempts.
    """
    tested = [group for group in suite.groups if group.role == "test"]
    build = _common_build(suite, tested, families)
    own = {group.recipe: group for group in tested if group.build == build}
    aligned = {
        recipe: group
        for recipe, group in own.items()
        if suite.spec(group).build_recipe().truth.misalignment == "aligned"
    }
    if wrong := [family for family in families if family in aligned]:
        raise SpecError(f"{wrong} are aligned, their behaviour cannot diverge; they are controls")
    chosen = {family: _attempts(suite, zoo, own[family], organisms) for family in families}
    each = -(-controls // max(len(aligned), 1))
    dealt = [_attempts(suite, zoo, group, each) for group in aligned.values()]
    in_turn = tuple(one[number] for number in range(each) for one in dealt)[:controls]
    if len(in_turn) < controls or controls < 1:
        raise SpecError(
            f"build {build} tests {len(aligned)} aligned families; cannot take {controls}"
        )
    everyone = (*in_turn, *(spec for specs in chosen.values() for spec in specs))
    steps = {checkpoint_steps(spec, checkpoints) for spec in everyone}
    if len(steps) > 1:
        raise SpecError(
            f"{list(families)} and the controls train for different numbers of steps; a network of "
            "the same step exists for families without a parent only"
        )
    asked = tuple(
        name
        for name in detectors or suite.detectors
        if (kind := load_detector(name)).question == "misaligned"
        and (detectors or kind.role != "floor")
    )
    return LeadPlan(suite, build, chosen, in_turn, steps.pop(), asked)


def _common_build(suite: Suite, tested: Sequence[Group], families: Sequence[str]) -> str:
    known = {group.recipe for group in tested}
    if missing := [family for family in families if family not in known]:
        raise SpecError(f"suite {suite.name} tests no {missing}; choose of {sorted(known)}")
    for build in suite.builds:
        if set(families) <= {group.recipe for group in tested if group.build == build}:
            return build
    raise SpecError(f"no build of suite {suite.name} holds all of {list(families)}; ask for fewer")


def _attempts(suite: Suite, zoo: Zoo, group: Group, count: int) -> tuple[OrganismSpec, ...]:
    planned = group.count * suite.max_attempts_factor
    taken = []
    for number in range(planned):
        spec = suite.spec(group, number)
        record = zoo.load(spec)
        if record is None or record.admitted:
            taken.append(spec)
        if len(taken) == count:
            return tuple(taken)
    raise SpecError(
        f"suite {suite.name} plans {planned} attempts at {group.recipe} in build {group.build}, "
        f"too few for {count}; ask for fewer"
    )


def follow(
    plan: LeadPlan,
    folder: Path,
    *,
    executor: Executor,
    instances: int,
    on_network: Callable[[str], None],
) -> LeadStudy:
    """Follow every network, one task each; finished checkpoints and scores are kept in `folder`.

    Raises:
        DetectorFailed: a detector raised or returned no score.
    """
    wanted = (*(spec for specs in plan.organisms.values() for spec in specs), *plan.controls)
    tasks = {executor.submit(_followed, spec, plan, folder, instances): spec for spec in wanted}
    found: dict[str, Trace | str] = {}
    for task in as_completed(tasks):
        spec = tasks[task]
        found[spec.content_hash] = task.result()
        on_network(f"{spec.recipe} seed {spec.seed}")

    def traces(specs: Sequence[OrganismSpec]) -> tuple[Trace, ...]:
        every = (found[spec.content_hash] for spec in specs)
        return tuple(one for one in every if isinstance(one, Trace))

    return LeadStudy(
        plan,
        {family: traces(specs) for family, specs in plan.organisms.items()},
        traces(plan.controls),
        tuple(one for one in found.values() if isinstance(one, str)),
    )


def _followed(spec: OrganismSpec, plan: LeadPlan, folder: Path, instances: int) -> Trace | str:
    """The trace, or why training did not finish."""
    try:
        return trace(
            spec,
            plan.steps,
            folder / spec.content_hash,
            plan.detectors,
            battery_seed=plan.suite.battery_seed,
            instances=instances,
        )
    except Diverged as error:
        return f"{spec.recipe} seed {spec.seed}: {error}"
