"""What makes a suite honest: every requirement is an error that says what to change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, get_args

from detect.registry import DETECTORS
from evals.evidence.rival_explanation import ARTEFACTS
from evals.statistics.calibration import ThresholdKind, require_left_out
from evals.statistics.limit import require_attainable
from organisms.records.strict import SpecError
from organisms.records.truth import GroundTruth
from probes.network.streams import MAX_SEED

if TYPE_CHECKING:
    from evals.suite.group import Group
    from evals.suite.suite import Suite

CONDITIONAL_STRATA = ("benign_conditional", "instructed")
LEAST_CONDITIONAL = Fraction(1, 3)
"""Share of controls whose behaviour legitimately depends on a context or a token."""

Shares = dict[str, Fraction]


def check_suite(suite: Suite) -> None:
    """Raise unless rates measured on the suite can be honest.

    Raises:
        SpecError: a value is out of range, groups do not fit each other, or a detector is unknown.
    """
    _check_values(suite)
    _check_builds(suite)
    for environment in suite.environments:
        groups = [g for g in suite.groups if suite.build_of(g).environment == environment]
        _check_environment(suite, environment, groups)
    _check_seeds(suite)
    _check_detectors(suite)


def _check_values(suite: Suite) -> None:
    if not 0 < suite.alpha < 1:
        raise SpecError(f"alpha must lie strictly between 0 and 1, got {suite.alpha}")
    if not 0 <= suite.transport_weight <= 1:
        raise SpecError(f"transport_weight must lie in [0, 1], got {suite.transport_weight}")
    if not 0 <= suite.battery_seed < MAX_SEED:
        raise SpecError(f"battery_seed must lie in [0, 2^31), got {suite.battery_seed}")
    if not suite.name.isidentifier():
        raise SpecError(f"name must be a word, it names a folder; got {suite.name!r}")
    if suite.max_attempts_factor < 1:
        raise SpecError(f"max_attempts_factor must be 1 or more, got {suite.max_attempts_factor}")
    if suite.rule.threshold not in get_args(ThresholdKind):
        raise SpecError(
            f"the rule's threshold must be one of {get_args(ThresholdKind)}, got "
            f"{suite.rule.threshold!r}"
        )
    if not suite.groups:
        raise SpecError("the suite has no groups; add [[group]] entries")


def _check_builds(suite: Suite) -> None:
    for group in suite.groups:
        if group.build not in suite.builds:
            raise SpecError(
                f"{group.recipe} asks for build {group.build!r}; the suite has "
                f"{sorted(suite.builds)}"
            )
    idle = sorted(set(suite.builds) - {group.build for group in suite.groups})
    if idle:
        raise SpecError(f"no group uses build {idle[0]!r}; remove it")


def _check_environment(suite: Suite, environment: str, groups: list[Group]) -> None:
    judged = [group for group in groups if group.role in ("calibration", "test")]
    truths = {group: suite.spec(group).build_recipe().truth for group in groups}
    for group, truth in truths.items():
        if group.role == "calibration" and truth.misalignment != "aligned":
            raise SpecError(
                f"{group.recipe} is {truth.misalignment}; only aligned networks may calibrate"
            )
        if group.role != "mechanism" and truth.misalignment == "unrated":
            raise SpecError(
                f"{group.recipe} is unrated on the objective axis; give it role 'mechanism'"
            )
    if not judged:
        return
    if len({suite.build_of(group).size for group in judged}) > 1:
        raise SpecError(
            f"builds of {environment} differ in size; scores on instances of two sizes have no "
            "common scale: change only net, training or admission"
        )
    _check_strata(judged, truths)
    _check_shares(judged, truths)
    if suite.rule.threshold == "left_out":
        aligned = {t.family for t in truths.values() if t.misalignment == "aligned"}
        require_left_out(sorted(aligned))
        return
    calibrating = sum(group.count for group in judged if group.role == "calibration")
    require_attainable(suite.alpha, calibrating)


def _check_strata(judged: list[Group], truths: Mapping[Group, GroundTruth]) -> None:
    shares: dict[str, Shares] = {}
    for role in ("calibration", "test"):
        counts: Counter[str] = Counter()
        for group in judged:
            if group.role == role and truths[group].misalignment == "aligned":
                counts[truths[group].stratum] += group.count
        if not counts:
            raise SpecError(
                f"the suite has no aligned {role} networks; without controls there is no "
                "false-positive rate: add [[group]] entries with aligned recipes"
            )
        shares[role] = _shares(counts)
    if shares["calibration"] != shares["test"]:
        raise SpecError(
            "calibration and test need the same shares of the same control strata, got "
            + " and ".join(f"{role} {_words(share)}" for role, share in shares.items())
        )
    conditional = sum(shares["test"].get(name, Fraction(0)) for name in CONDITIONAL_STRATA)
    if conditional < LEAST_CONDITIONAL:
        raise SpecError(
            f"{float(conditional):.0%} of the controls are benign-conditional or instructed, "
            "wanted a third at least; a detector of 'context is used at all' would look perfect"
        )


def _check_shares(judged: list[Group], truths: Mapping[Group, GroundTruth]) -> None:
    """Builds in equal shares among controls and among every misalignment type."""
    counts: dict[str, Counter[str]] = {}
    for group in judged:
        kind = truths[group].misalignment
        name = f"aligned {group.role}" if kind == "aligned" else kind
        counts.setdefault(name, Counter())[group.build] += group.count
    shares = {name: _shares(count) for name, count in counts.items()}
    for name, share in shares.items():
        if share != shares["aligned calibration"]:
            raise SpecError(
                f"builds tell the label: {name} networks have {_words(share)}, aligned "
                f"calibration networks {_words(shares['aligned calibration'])}; give every type "
                "the same share of every build"
            )


def _check_seeds(suite: Suite) -> None:
    owners = {build.twin_seed: "the twin" for build in suite.builds.values()}
    for group in suite.groups:
        for number in range(group.count * suite.max_attempts_factor):
            seed = group.first_seed + number
            here = f"{group.recipe} ({group.role}, {group.build})"
            if seed in owners:
                raise SpecError(
                    f"seed {seed} belongs to {owners[seed]} and to {here}; a group reserves "
                    "count x max_attempts_factor seeds from first_seed: move first_seed"
                )
            owners[seed] = here


def _check_detectors(suite: Suite) -> None:
    if len(set(suite.detectors)) != len(suite.detectors):
        raise SpecError(f"a detector is listed twice: {suite.detectors}")
    for name in (*suite.detectors, *suite.rule.detectors):
        if name not in DETECTORS:
            raise SpecError(f"unknown detector {name!r}; choose from {sorted(DETECTORS)}")
    outside = sorted(set(suite.rule.detectors) - set(suite.detectors))
    if outside or not suite.rule.detectors:
        raise SpecError(
            f"the rule needs detectors of the suite, got {suite.rule.detectors}; add "
            f"{outside or 'at least one'} to detectors"
        )
    floors = {name for name, kind in DETECTORS.items() if kind.role == "floor"}
    if floors - set(suite.detectors):
        raise SpecError(
            f"a suite needs every floor, or leaks go unseen; add {sorted(floors)} to detectors"
        )
    if set(ARTEFACTS) - set(suite.detectors):
        raise SpecError(
            "a suite needs the baselines whose excess voids claims; add "
            f"{sorted(set(ARTEFACTS) - set(suite.detectors))} to detectors"
        )
    if suite.rule.name in DETECTORS:
        raise SpecError(f"the rule's name {suite.rule.name!r} is taken by a detector")


def _shares(counts: Counter[str]) -> Shares:
    total = sum(counts.values())
    return {name: Fraction(count, total) for name, count in sorted(counts.items())}


def _words(shares: Shares) -> str:
    return ", ".join(f"{name} {share}" for name, share in shares.items())
