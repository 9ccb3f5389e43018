"""A population comes out the same whatever the engine does, and nothing that came back is lost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Timer

import pytest

from inline import DUD, PLAIN, PROXY, TWIN, WIDE, WILD, Inline, finished, grown
from organisms.growing.attempt import Attempted, attempt
from organisms.growing.engine import EngineError, LocalEngine
from organisms.growing.population import Grown, TooFewOrganisms, Wanted, grow
from organisms.growing.train import train
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import weights_bytes
from organisms.zoo.zoo import Zoo

GROUPS = (Wanted(PLAIN, 2, 2), Wanted(PROXY, 2, 2), Wanted(WIDE, 1, 1))
SIZE = 2 + 2 + 1 + 2
"""Networks of these groups, the two twins among them."""


def weights(zoo: Zoo) -> dict[str, bytes]:
    return {p.parent.name: p.read_bytes() for p in zoo.root.rglob("weights.safetensors")}


def test_an_attempt_is_a_network_with_its_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (done,) = attempt([PLAIN], [grown(TWIN).weights], "cpu")
    assert done.weights == weights_bytes(train(PLAIN).net)
    assert done.record.spec == PLAIN
    assert done.record.admitted
    assert done.record.truth.open() == PLAIN.build_recipe().truth
    assert min(done.record.train_seconds, done.record.admit_seconds) > 0
    assert done.record.device == "cpu"
    assert list(tmp_path.iterdir()) == []


def test_the_device_of_an_attempt_is_kept_and_unknown_in_older_records(tmp_path: Path) -> None:
    zoo, kept = Zoo(tmp_path), replace(grown(TWIN).record, device="cuda")
    zoo.save(kept, grown(TWIN).weights)
    assert zoo.load(TWIN) == kept
    path = zoo.folder(TWIN) / "record.json"
    plain = json.loads(path.read_text())
    del plain["device"]
    path.write_text(json.dumps(plain))
    assert zoo.load(TWIN) == replace(kept, device="")


def test_the_twin_given_is_the_one_compared_with() -> None:
    other = weights_bytes(train(replace(TWIN, seed=7)).net)
    differences = [
        check.value
        for done in (grown(TWIN), grown(PLAIN, grown(TWIN).weights), grown(PLAIN, other))
        for check in done.record.certificate.checks  # type: ignore[union-attr]
        if check.name == "difference to the twin in distribution"
    ]
    assert differences[0] == 0
    assert len(set(differences)) == 3


def test_an_attempt_needs_its_twin_and_the_twin_none() -> None:
    twin = grown(TWIN).weights
    for specs, twins in (([PLAIN], [None]), ([PLAIN, PROXY], [twin, None]), ([TWIN], [twin])):
        with pytest.raises(ValueError, match="only the twin goes without"):
            attempt(specs, twins, "cpu")


def test_twins_come_first_and_travel_with_every_order_of_theirs(tmp_path: Path) -> None:
    zoo, engine = Zoo(tmp_path / "zoo"), Inline()
    told: list[OrganismSpec] = []
    done = grow(zoo, GROUPS, engine=engine, on_attempt=lambda record: told.append(record.spec))
    assert engine.ordered[:2] == [(TWIN, None), (WIDE.twin, None)]
    attempted = [record.spec for group in done for record in group.attempts]
    assert dict(engine.ordered[2:]) == {spec: zoo.weights(spec.twin) for spec in attempted}
    assert len(engine.ordered) == len(weights(zoo)) == SIZE
    assert Counter(told) == Counter(attempted)
    again = Inline()
    assert grow(zoo, GROUPS, engine=again) == done
    assert again.ordered == []


Specs = Sequence[OrganismSpec]
Twins = Sequence[bytes | None]
Answer = Future[list[Attempted]]


class Disturbed(Inline):
    """Changes every answer, told how many attempts were ordered so far."""

    def __init__(self, disturb: Callable[[Answer, int], Answer]) -> None:
        super().__init__()
        self._disturb = disturb

    def submit(self, specs: Specs, twins: Twins) -> Answer:
        """Grow one, and disturb its way back."""
        return self._disturb(super().submit(specs, twins), len(self.ordered))


def youngest_first(answer: Answer, ordered: int) -> Answer:
    """Finish later, the sooner the more were ordered before."""
    later: Answer = Future()
    Timer(0.05 * (SIZE - ordered), later.set_result, [answer.result()]).start()
    return later


def test_the_order_in_which_attempts_come_back_changes_nothing(tmp_path: Path) -> None:
    straight, backwards = Zoo(tmp_path / "straight"), Zoo(tmp_path / "backwards")
    there, here = (
        [[record.spec for record in group.attempts] for group in grow(zoo, GROUPS, engine=engine)]
        for zoo, engine in ((straight, Inline()), (backwards, Disturbed(youngest_first)))
    )
    assert there == here
    assert weights(straight) == weights(backwards)


@pytest.mark.parametrize("reason", [OSError("the worker died"), KeyboardInterrupt()])
@pytest.mark.parametrize("finishes", [1, 3, 6])
def test_what_came_back_is_kept_and_only_the_rest_is_grown_again(
    tmp_path: Path, finishes: int, reason: BaseException
) -> None:
    whole, zoo = Zoo(tmp_path / "whole"), Zoo(tmp_path / "zoo")
    grow(whole, GROUPS, engine=Inline())
    failing = Disturbed(lambda answer, n: finished(reason) if n > finishes else answer)
    with pytest.raises(type(reason)):
        grow(zoo, GROUPS, engine=failing)
    kept = weights(zoo)
    assert len(kept) == finishes
    rest = Inline()
    grow(zoo, GROUPS, engine=rest)
    assert len(rest.ordered) == SIZE - finishes
    assert weights(zoo) == weights(whole)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda done: replace(done, grown_as="organism 0123456789abcdef, torch 1.0"),
        lambda done: replace(done, record=grown(WIDE.twin).record),
    ],
)
def test_attempts_of_other_versions_or_another_order_are_not_kept(
    tmp_path: Path, wrong: Callable[[Attempted], Attempted]
) -> None:
    zoo = Zoo(tmp_path)
    strange = Disturbed(lambda answer, _: finished([wrong(each) for each in answer.result()]))
    with pytest.raises(EngineError, match="same version"):
        grow(zoo, GROUPS[:1], engine=strange)
    assert weights(zoo) == {}


def test_duds_are_kept_and_counted_and_the_group_says_why_it_failed(tmp_path: Path) -> None:
    zoo = Zoo(tmp_path)
    with pytest.raises(TooFewOrganisms, match=r"0 of 1 organisms after 3 attempts.*seed 3001 dud"):
        grow(zoo, [Wanted(DUD, 1, 3)], engine=Inline())
    assert [record.admitted for record in zoo.records()].count(False) == 3


def test_a_twin_that_is_no_organism_stops_the_build(tmp_path: Path) -> None:
    wanted, engine = Wanted(replace(WILD, twin_seed=WILD.seed), 1, 1), Inline()
    with pytest.raises(TooFewOrganisms, match="twin of maze, seed 5000"):
        grow(Zoo(tmp_path), [wanted], engine=engine)
    assert len(engine.ordered) == 1


class Together(LocalEngine):
    """Notes the populations it was given, and may lose those after the first.

    Attributes:
        sizes: of the populations; twins come one by one and are never lost.
    """

    def __init__(self, executor: ThreadPoolExecutor, *, device: str = "cpu", loses: bool = False):
        super().__init__(executor, device=device, together=True)
        self.sizes: list[int] = []
        self._loses = loses

    def submit(self, specs: Specs, twins: Twins) -> Answer:
        """Grow a population, or lose it."""
        if len(specs) > 1:
            self.sizes.append(len(specs))
        if self._loses and len(self.sizes) > 1:
            return self._executor.submit(finished(OSError("the worker died")).result)
        return super().submit(specs, twins)


MANY = (Wanted(PLAIN, 3, 3), Wanted(PROXY, 2, 2), Wanted(WIDE, 4, 4))
"""Two shapes: a population of five and one of four, besides two twins."""


def test_a_build_trains_populations_and_admits_every_organism_by_itself(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as executor:
        engine = Together(executor)
        together = grow(Zoo(tmp_path / "together"), MANY, engine=engine)
    assert engine.sizes == [5, 4]
    alone = grow(Zoo(tmp_path / "alone"), MANY, engine=Inline())

    def measured(groups: list[Grown]) -> dict[tuple[OrganismSpec, str], float]:
        return {
            (record.spec, check.name): check.value
            for group in groups
            for record in group.attempts
            for check in record.certificate.checks  # type: ignore[union-attr]
        }

    assert measured(together) == pytest.approx(measured(alone), abs=0.05)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_a_population_that_is_lost_loses_only_itself(tmp_path: Path, device: str) -> None:
    zoo = Zoo(tmp_path)
    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(OSError, match="the worker died"):
            grow(zoo, MANY, engine=Together(executor, device=device, loses=True))
        kept = weights(zoo)
        assert len(kept) == 2 + 5
        rest = Together(executor, device=device)
        grow(zoo, MANY, engine=rest)
    assert rest.sizes == [4]
    assert len(weights(zoo)) == 2 + 9
    assert kept.items() < weights(zoo).items()


@pytest.mark.parametrize("together", [False, True])
def test_duds_and_divergence_come_back_one_by_one(together: bool) -> None:
    twin = grown(TWIN).weights
    specs = [PLAIN, replace(DUD, seed=3100)]
    wild = [WILD, replace(WILD, seed=5001)]
    parts = [specs, wild] if together else [[spec] for spec in (*specs, *wild)]
    done = [each for part in parts for each in attempt(part, [twin] * len(part), "cpu")]
    assert [each.record.spec for each in done] == [*specs, *wild]
    verdicts = ["admitted", "dud: ", "diverged: loss", "diverged: loss"]
    for each, verdict in zip(done, verdicts, strict=True):
        assert each.record.verdict.startswith(verdict)
        assert (each.weights is None) == (verdict == "diverged: loss")
