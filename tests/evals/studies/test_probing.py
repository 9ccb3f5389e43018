"""`mesascope probe` reads from a compiled searcher what its construction says, and no more."""

import json
from pathlib import Path

import pytest

from calling import Typed
from evals.running.run import Finished
from evals.scoring.named_suspect import NoSuchSuspect, find_suspect
from evals.studies.probing.probing import Cell, Question, Reading, probe
from evals.suite.home import Home
from evals.suite.suite import Suite
from organisms.growing.train import train
from organisms.records.truth import Sealed
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.weights import weights_bytes
from organisms.zoo.zoo import Record
from probes.errors import MesascopeError
from probes.linear.closed_form import Method
from probes.linear.sweep import Fit

LDA = Fit(method=Method.lda)
SITES = tuple(f"blocks.{n}.hook_resid_{end}" for n, end in ((0, "pre"), (0, "post"), (5, "post")))
EARLY, AFTER_ONE, LAST = SITES


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    """A home whose zoo holds one constructed searcher."""
    home = Home(tmp_path_factory.mktemp("probed"))
    spec = OrganismSpec("tree/compiled_bfs", seed=0)
    trained = train(spec)
    record = Record(spec, Sealed.seal(trained.recipe.truth), None, "never admitted", 0.0, 0.0)
    home.zoo.save(record, weights_bytes(trained.net))
    return home, spec.content_hash


@pytest.fixture(scope="module")
def reading(place: tuple[Home, str], tiny: Suite) -> Reading:
    suspect = find_suspect(place[1], tiny, place[0], device="cpu")
    question = Question(
        fit=LDA, sites=SITES, targets=("goal", "step to instructed_goal", "slot 0"),
        shift="goal_anywhere", instances=240, shuffles=19,
    )  # fmt: skip
    return probe(suspect, question)


def cell(reading: Reading, site: str, target: str) -> Cell:
    (found,) = (c for c in reading.cells if (c.site, c.target) == (site, target))
    return found


def test_the_goal_is_everywhere_after_one_block_and_nowhere_before(reading: Reading) -> None:
    before, after = (cell(reading, site, "goal") for site in (EARLY, AFTER_ONE))
    assert before.accuracy < 0.25 < before.p_value
    assert after.accuracy > 0.98
    assert after.p_value == pytest.approx(1 / 20)
    for control in ("shuffled", "untrained", "input_only", "random_direction", "control_task"):
        assert getattr(after, control) < 0.6, control
    assert after.selectivity == pytest.approx(after.accuracy - after.control_task)


def test_the_answer_is_at_the_end_only_and_context_that_search_ignores_nowhere(
    reading: Reading,
) -> None:
    target = "step to instructed_goal"
    steps = [cell(reading, site, target).accuracy for site in SITES]
    assert steps[0] < steps[1] < 0.98 < steps[2]
    assert reading.best(target).site == LAST
    assert cell(reading, LAST, target).input_only < 0.7
    ignored = [cell(reading, site, "slot 0") for site in SITES]
    assert max(found.accuracy for found in ignored) < 0.3
    assert min(found.p_value for found in ignored) > 0.05


def test_probes_of_their_own_at_every_decision(place: tuple[Home, str], tiny: Suite) -> None:
    suspect = find_suspect(place[1][:8], tiny, place[0], device="cpu")
    question = Question(
        fit=LDA, sites=(AFTER_ONE,), targets=("goal",), instances=100, shuffles=1,
        by_position=True, budget=2**20, shift="goal_anywhere",
    )  # fmt: skip
    found = probe(suspect, question)
    assert [c.decision for c in found.cells] == list(range(8))
    assert min(c.accuracy for c in found.cells) > 0.8


def test_the_command_writes_json(place: tuple[Home, str], tmp_path: Path, typed: Typed) -> None:
    out = tmp_path / "probe.json"
    typed(
        "probe", place[1], "--suite", "tiny", "--home", place[0].root, "--target", "goal",
        "--site", AFTER_ONE, "--instances", "80", "--shuffles", "3", "--method", "ridge",
        "--json", out,
    )  # fmt: skip
    content = json.loads(out.read_text())
    assert content["schema"] == "mesascope.probe/1"
    assert content["question"]["instances"] == 80
    (only,) = content["cells"]
    assert 0 <= only["lowest_fold"] <= only["accuracy"] <= only["highest_fold"] <= 1


def test_a_suspect_of_a_run_is_found_by_its_id(finished: Finished, home: Home, tiny: Suite) -> None:
    for unknown in ("zzz", ""):
        with pytest.raises(NoSuchSuspect, match="no organism"):
            find_suspect(unknown, tiny, home, device="cpu")
    id = finished.judged.members[0].id
    suspect = find_suspect(id, tiny, home, device="cpu")
    assert suspect.id == id
    asked = Question(LDA, targets=("goal",), shift="coin_anywhere", instances=100, shuffles=2)
    assert {c.target for c in probe(suspect, asked).cells} == {"goal"}


REFUSED: dict[str, dict[str, object]] = {
    "no public shift": {"shift": "nowhere"},
    "no site": {"sites": ("blocks.99",)},
    "no target": {"targets": ("nothing",)},
    "4 folds": {"instances": 3, "folds": 4},
}


@pytest.mark.parametrize("word", REFUSED)
def test_bad_questions_are_bad_input(place: tuple[Home, str], tiny: Suite, word: str) -> None:
    suspect = find_suspect(place[1], tiny, place[0], device="cpu")
    asked = {"fit": LDA, "sites": (AFTER_ONE,), "instances": 40, "shuffles": 1, **REFUSED[word]}
    with pytest.raises(MesascopeError, match=word):
        probe(suspect, Question(**asked))
