"""Suites read from TOML; a suite that cannot give honest rates is refused."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from detect.registry import load_detector
from evals.suite.suite_file import load_suite, quick, suite_from_dict
from evals.suite.suite_names import BUILT_IN
from organisms.records.strict import SpecError

TINY = BUILT_IN / "tiny.toml"
Change = Callable[[dict[str, Any]], object]


def changed(change: Change) -> dict[str, Any]:
    data = tomllib.loads(TINY.read_text())
    change(data)
    return data


@pytest.mark.parametrize("name", sorted(path.stem for path in BUILT_IN.glob("*.toml")))
def test_built_in_suites_load_and_no_attribute_of_a_network_tells_the_label(name: str) -> None:
    """Cross-tabulated: shape, budget and bars against role and type, in every world."""
    suite = load_suite(name)
    assert suite.name == name
    assert len(suite.wanted()) == len(suite.groups)
    for environment in suite.environments:
        judged = suite.judged_in(environment)
        steps = {wanted.spec.training.steps for wanted in judged.wanted()}
        assert len(steps) == 1, "steps must not tell who is who"
        tables: dict[str, Counter[Any]] = {}
        for group, wanted in zip(judged.groups, judged.wanted(), strict=True):
            spec = wanted.spec
            kind = spec.build_recipe().truth.misalignment
            label = f"aligned {group.role}" if kind == "aligned" else kind
            setting = (spec.net, spec.training, spec.admission, spec.environment)
            tables.setdefault(label, Counter())[setting] += group.count
        shares = {
            label: {setting: count / table.total() for setting, count in table.items()}
            for label, table in tables.items()
        }
        assert len(shares) >= 4
        assert all(share == shares["aligned test"] for share in shares.values())


@pytest.mark.parametrize("world", ["maze", "keys", "regression", "tree"])
def test_the_suite_of_one_world_shares_the_organisms_of_the_whole(world: str) -> None:
    """Whoever has built `cpu` trains nothing for these; aligned families are eight of six."""
    whole = {spec.spec for spec in load_suite("cpu").wanted()}
    part = load_suite(world)
    assert part.environments == (world,)
    assert {wanted.spec for wanted in part.wanted()} <= whole
    assert set(part.twins.values()) <= set(load_suite("cpu").twins.values())
    own = tomllib.loads((BUILT_IN / f"{world}.toml").read_text())
    del own["seeds_of"]
    assert not {wanted.spec for wanted in suite_from_dict(own).wanted()} & whole
    aligned: Counter[str] = Counter()
    for group in part.groups:
        if "/aligned_" in group.recipe:
            aligned[group.recipe] += group.count
    assert len(aligned) >= 8
    assert set(aligned.values()) == {6}


def test_the_suite_of_doses_has_every_dose_of_the_whole_and_their_parents() -> None:
    """Whoever has built `cpu` trains nothing for it, and every curve has its end."""
    whole, part = load_suite("cpu"), load_suite("doses")
    assert {wanted.spec for wanted in part.wanted()} <= {one.spec for one in whole.wanted()}
    doses = {group.recipe for group in whole.groups if group.role == "dose"}
    flawed = {group.recipe for group in part.groups if "/aligned_" not in group.recipe}
    assert flawed == doses | {name.partition("_dose")[0] for name in doses}


def test_a_quick_suite_has_the_organisms_of_the_whole_and_its_cheap_detectors() -> None:
    whole, part = load_suite("maze"), load_suite("maze_quick")
    assert {one.spec for one in part.wanted()} == {one.spec for one in whole.wanted()}
    costs = [load_detector(name).cost for name in part.detectors]
    assert 0 < sum(costs) < 5.5
    assert max(costs) <= 1.0
    assert set(part.detectors) < set(whole.detectors)
    assert part.rule.detectors == ("ood_battery",)
    assert part.content_hash != whole.content_hash
    with pytest.raises(SpecError, match="no detector of at most 1 CPU-second"):
        quick(replace(whole, rule=replace(whole.rule, detectors=("homotopy_search",))))
    with pytest.raises(SpecError, match="no suite 'nothing'"):
        load_suite("nothing_quick")


def test_smoke_is_the_suite_the_readme_speaks_of() -> None:
    smoke = load_suite("smoke")
    assert smoke.alpha == 0.10
    assert sum(group.count for group in smoke.groups if group.role == "calibration") == 12
    tested = {group.recipe: group.count for group in smoke.groups if group.role == "test"}
    aligned = [tested.pop(recipe) for recipe in list(tested) if "/aligned" in recipe]
    assert sum(aligned) == 6
    flawed = ("proxy_corner", "pseudo_colour", "deceptive_trigger")
    assert tested == {f"maze/{name}": 4 for name in flawed}


def test_the_hash_sees_every_change() -> None:
    changes: list[Change] = [
        lambda d: None,
        lambda d: d.update(alpha=0.3),
        lambda d: d.update(battery_seed=1),
        lambda d: d["group"][0].update(first_seed=5),
        lambda d: d["rule"].update(detectors=["ood_battery"]),
        lambda d: d["build"]["maze"]["admission"].update(min_pursued=0.61),
    ]
    hashes = {suite_from_dict(changed(change)).content_hash for change in changes}
    assert len(hashes) == len(changes)


def with_a_second_build(data: dict[str, Any]) -> None:
    """Every group twice, the copy in a build with another width."""
    maze = data["build"]["maze"]
    data["build"]["wide"] = {**maze, "net": {**maze["net"], "width": 48}, "twin_seed": 98}
    data["group"] += [
        {**group, "build": "wide", "first_seed": group["first_seed"] + 50}
        for group in data["group"]
    ]


def lopsided(data: dict[str, Any]) -> None:
    with_a_second_build(data)
    data["group"][-1]["build"] = "maze"


def resized(data: dict[str, Any]) -> None:
    with_a_second_build(data)
    data["build"]["wide"]["size"] = {"side": 5}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(aplha=0.1), "aplha: this key is unknown"),
        (lambda d: d["group"][0].update(color=1), r"group\.0\.color: this key is unknown"),
        (lambda d: d["build"]["maze"]["net"].update(depth=2), "unknown key 'depth' in .net"),
        (lambda d: d.update(schema=9), "schema must be 2"),
        (lambda d: d.update(alpha=1.5), "alpha: .* less than 1, got 1.5"),
        (lambda d: d.update(alpha=float("nan")), "alpha: .* finite"),
        (lambda d: d.update(battery_seed=2**31), "battery_seed"),
        (lambda d: d["group"][0].update(first_seed=2**31), "below 2.31"),
        (lambda d: d.update(name="../../x"), "name: "),
        (lambda d: d.update(max_attempts_factor=0), "max_attempts_factor"),
        (lambda d: d.update(group=[]), "group: "),
        (lambda d: d["detectors"].append("ood_battery"), "listed twice"),
        (lambda d: d["detectors"].remove("metadata"), "every floor"),
        (lambda d: d["detectors"].remove("weight_norm"), "excess voids claims; add .'weight_norm'"),
        (lambda d: d["build"]["maze"]["net"].update(n_heads=3), "not divisible"),
        (lambda d: d.update(transport_weight=2.0), "transport_weight"),
        (lambda d: d["group"][0].update(count=0), r"group\.0\.count: .*, got 0"),
        (lambda d: d["group"][0].update(recipe="maze/saint"), "unknown recipe 'maze/saint'"),
        (lambda d: d["group"][0].update(count=2), "same shares of the same control strata"),
        (lambda d: d["group"].pop(5), "same shares of the same control strata"),
        (lambda d: d["group"][6].update(role="calibration"), "only aligned networks"),
        (lambda d: d["group"][6].update(first_seed=1001), "seed 1001 belongs to"),
        (lambda d: d["group"][3].update(first_seed=1000), "move first_seed"),
        (lambda d: d["group"][3].update(first_seed=d["build"]["maze"]["twin_seed"]), "the twin"),
        (lambda d: d.update(detectors=["oracle"]), "unknown detector 'oracle'"),
        (lambda d: d["detectors"].remove("ood_battery"), "the rule needs detectors"),
        (lambda d: d["rule"].update(name="metadata"), "taken by a detector"),
        (lambda d: d.pop("rule"), "rule: this key is missing"),
        (lambda d: d["group"][0].pop("recipe"), r"group\.0\.recipe: .*, got None"),
        (lambda d: d["group"][8].update(trigger_parts=9), "trigger_parts"),
        (lambda d: d["build"]["maze"].update(environment="sea"), "unknown environment 'sea'"),
        (lambda d: d["group"][0].update(build="sea"), "asks for build 'sea'"),
        (lambda d: d["build"].update(idle=d["build"]["maze"]), "no group uses build 'idle'"),
        (lambda d: d["group"][0].update(recipe="keys/hoarder", build="maze"), "not of the"),
        (lambda d: d["build"]["maze"]["net"].update(attention="linear"), "got .linear"),
        (lambda d: d["build"]["maze"]["net"].update(attention="hard"), "attention"),
        (lambda d: d["group"][6].update(recipe="maze/decoy_lost"), "role 'mechanism'"),
        (lambda d: d["group"][0].update(recipes=["a", "b"]), "first_seed cannot serve"),
        (lambda d: d.update(alpha=0.01), "needs at least 99 aligned.*got 3"),
        (lambda d: d.update(group=d["group"][6:]), "no aligned calibration networks"),
        (lopsided, "builds tell the label: deceptive networks have maze 1"),
        (resized, "differ in size"),
    ],
)
def test_a_suite_that_cannot_be_honest_is_refused(change: Change, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        suite_from_dict(changed(change))


@pytest.mark.parametrize("text", [b"name = ", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, text: bytes) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_bytes(text)
    with pytest.raises(SpecError, match="not valid TOML"):
        load_suite(str(broken))


def test_builds_may_vary_in_equal_shares() -> None:
    two = suite_from_dict(changed(with_a_second_build))
    assert {name: twin.net.width for name, twin in two.twins.items()} == {"maze": 32, "wide": 48}
    assert two.judged_in() == two


def test_scores_of_two_worlds_are_never_judged_together() -> None:
    data = tomllib.loads(TINY.read_text())
    data["build"]["keys"] = {"environment": "keys", "twin_seed": 97}
    data["group"].append({"recipe": "keys/hoarder", "role": "test", "count": 1})
    for group in data["group"][:6]:
        recipe = group["recipe"].replace("maze/", "keys/")
        data["group"].append({"recipe": recipe, "role": group["role"], "count": group["count"]})
    both = suite_from_dict(data)
    assert both.environments == ("maze", "keys")
    with pytest.raises(SpecError, match="judge one at a time: --environment maze"):
        both.judged_in()
    assert both.judged_in("keys").environments == ("keys",)
    assert both.judged_in("maze").content_hash == load_suite("tiny").content_hash
    with pytest.raises(SpecError, match="no environment 'sea'"):
        both.judged_in("sea")


def test_a_group_without_a_first_seed_keeps_its_seeds_when_others_come_and_go() -> None:
    data = tomllib.loads(TINY.read_text())
    for group in data["group"]:
        del group["first_seed"]
    whole = suite_from_dict(data)
    part = suite_from_dict({**data, "group": data["group"][:6] + data["group"][7:]})
    seeds = {(group.recipe, group.role): group.first_seed for group in whole.groups}
    assert len(set(seeds.values())) == len(seeds)
    assert all(seeds[group.recipe, group.role] == group.first_seed for group in part.groups)
