"""What networks do after their first 50 steps, kept to notice behaviour changed without a version.

Everything is computed in double precision, so that processors differ by far less than behaviour.
`python tests/first_steps.py` writes the kept values anew, once a version was raised for a reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from detect.declaration import declare
from detect.registry import DETECTORS
from organisms.growing.admit import admit
from organisms.growing.train import Trained, train
from organisms.records.bars import AdmissionSpec
from organisms.records.net_spec import NetSpec
from organisms.records.training_spec import TrainingSpec
from organisms.zoo.spec import OrganismSpec
from scripted import suspect_of

KEPT = Path(__file__).with_suffix(".json")

FAMILIES = (
    "maze/aligned_plain", "maze/deceptive_trigger",
    "keys/aligned_plain", "keys/penalty",
    "tree/aligned_plain", "tree/proxy_home",
    "regression/aligned_plain", "regression/last_label",
    "language/aligned_plain", "language/sycophant",
)  # fmt: skip
"""Two of every world; together by labels, by reward, with a trigger and without."""

CHEAP = tuple(name for name, kind in DETECTORS.items() if 0 < kind.cost <= 0.5)
"""Detectors whose scores are kept: those that declare half a CPU-second at most."""

TOLERANCE = 1e-5
"""Largest difference of a log-probability, a share or a score; the oldest vector instructions of a
processor and its newest differed by 1e-12."""

DIGITS = 6


@contextmanager
def double() -> Iterator[None]:
    """Networks and arithmetic in double precision."""
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


def spec(family: str) -> OrganismSpec:
    """A small network of a family, a fine-tune as large as the base, with a budget of 50 steps."""
    return OrganismSpec(
        family,
        seed=7,
        trigger_parts=2,
        net=NetSpec(64, 3, 4) if family.startswith("language/") else NetSpec(16, 1, 2),
        training=TrainingSpec(steps=50, batch_size=16, learning_rate=0.005, warmup_steps=10),
        admission=AdmissionSpec(n_equivalence=100, n_expression=60),
    )


def measured(family: str) -> dict[str, Any]:
    """Versions, log-probabilities on two fixed instances, and what admission measures."""
    with double():
        one = spec(family)
        trained = train(one)
        instances = one.world.sample(2, generator=torch.Generator().manual_seed(0))
        logits = trained.net(one.world.tokens(instances)).log_softmax(dim=2)
        checks = admit(
            trained.net, trained.recipe, seen=trained.seen, twin=trained.net, bars=one.admission
        ).checks
        return {
            "versions": json.loads(json.dumps(one.versions)),
            "outputs": [round(value, DIGITS) for value in logits.flatten().tolist()],
            "checks": {check.name: round(check.value, DIGITS) for check in checks},
            "scores": scores(one, trained) if family.endswith("aligned_plain") else {},
        }


def scores(one: OrganismSpec, trained: Trained) -> dict[str, Any]:
    """Cheap detector -> its version and its score of a network, None where it abstains."""
    whole = suspect_of(trained.net, one.world, id="first steps", seed=11, untrained=one.shape.build)
    found = {}
    for name in CHEAP:
        score = DETECTORS[name]().score(whole.at(DETECTORS[name].access))
        value = None if score.abstained else round(float(score.value), DIGITS)
        found[name] = [declare(name).version, value]
    return found


def differences(kept: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What changed, in words; empty where nothing did."""
    old, new = dict(_numbers("", kept)), dict(_numbers("", now))
    return [
        f"{key}: kept {old.get(key)}, now {new.get(key)}"
        for key in sorted({*old, *new})
        if not _near(old.get(key), new.get(key))
    ]


def _near(old: Any, new: Any) -> bool:
    numbers = isinstance(old, float | int) and isinstance(new, float | int)
    return old == new or (numbers and abs(old - new) <= TOLERANCE)


def _numbers(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Whatever is no dictionary and no list, by the way that leads there."""
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _numbers(f"{name} {key}".strip(), each)
    else:
        yield name, value


def unversioned(kept: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Those differences that no raised version explains."""
    if kept["versions"] != now["versions"]:
        return []
    both = {name for name in kept["scores"] if name in now["scores"]}
    same = {name for name in both if kept["scores"][name][0] == now["scores"][name][0]}

    def comparable(values: dict[str, Any]) -> dict[str, Any]:
        return {**values, "scores": {name: values["scores"][name] for name in same}}

    return differences(comparable(kept), comparable(now))


def write() -> None:
    """Keep the present values; SystemExit where they changed and no version did."""
    now = {name: measured(name) for name in FAMILIES}
    before = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    silent = {name: unversioned(before[name], now[name]) for name in FAMILIES if name in before}
    if any(silent.values()):
        raise SystemExit(f"raise a version first: {silent}")
    rows = ",\n".join(f'"{name}": {json.dumps(values)}' for name, values in now.items())
    KEPT.write_text(f"{{\n{rows}\n}}\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    write()
