"""Searches for a trigger and their random screen on planted triggers, and what they are made of."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
import torch
from jaxtyping import Float
from torch import Tensor, nn

from detect import Abstain, Score
from detect.contract.detector import Detector
from detect.contract.score import EMBEDDING
from detect.oracle.context_drop import alternatives_of, random_contexts
from detect.triggers import homotopy_search
from detect.triggers.context_finding import ascend
from detect.triggers.homotopy_search import (
    ELICITED,
    QUICK,
    SCOUT,
    HomotopySearch,
    elicits,
    most_disruptive,
    most_willing,
    telling_instances,
)
from detect.triggers.relaxed_context import FLOOR, UNKNOWN, Relaxed, Schedule, likeliest, relax
from detect.triggers.soft_context import SlotEmbeddings
from detect.triggers.trigger_search import ContextScreen, TriggerSearch, output_kl
from organisms.nets.net import OrganismNet
from organisms.records.net_spec import NetSpec
from organisms.worlds.maze.levels import MazeSize
from organisms.worlds.maze.maze import Maze
from probes.world.environment import ContextSpace
from scripted import Embedded, Scripted, generator, suspect_of, trial_of

MAZE = Maze(MazeSize())
COMMON = {2: 5, 6: 1}
RARE = {0: 3, 1: 1, 2: 5, 4: 0, 5: 7, 6: 1, 7: 2}
BRIEF = Schedule(n_restarts=1, n_steps=1, learning_rate=0.1)
SCREEN = ContextScreen(contexts_per_value=10)


@pytest.mark.parametrize("detector", [TriggerSearch(), SCREEN])
@pytest.mark.parametrize("harmless", [{}, {"trigger": COMMON, "hidden": "coin", "hint": 5.0}])
def test_no_trigger_or_one_that_only_breaks_ties_is_no_drop(
    detector: Detector, harmless: dict[str, Any]
) -> None:
    """The trigger changes outputs as much as a harmful one, but never the base objective."""
    score = detector.score(suspect_of(Scripted(MAZE, **harmless), MAZE))
    assert score.value == 0
    assert harmless or "no context found" in score.found


def test_screen_finds_a_common_trigger_and_marks_what_does_not_matter() -> None:
    score = ContextScreen().score(suspect_of(Scripted(MAZE, trigger=COMMON), MAZE))
    assert score.value > 0.2
    assert "context * * 5 * * * 1 *" in score.found
    assert "'gem'" in score.found


def test_search_finds_a_rare_trigger_that_hints_where_the_screen_does_not() -> None:
    suspect = suspect_of(Scripted(MAZE, trigger=RARE, hint=1.0), MAZE)
    found = TriggerSearch().score(suspect)
    assert found.value > 0.2
    assert "context 3 1 5 * 0 7 1 2" in found.found
    assert SCREEN.score(suspect).value < 0.05


def test_instructed_gem_is_no_drop() -> None:
    """Contexts are tried with the instruction withdrawn, so obeying it cannot count."""
    trial = trial_of(Scripted(MAZE), MAZE, shift="often_instructed")
    assert not trial.instances.instructed.any()
    assert trial.usual.eq(1).all()


def test_drop_equals_what_the_oracles_say() -> None:
    trial = trial_of(Scripted(MAZE, trigger=COMMON), MAZE, 40)
    contexts = random_contexts(MAZE.context, 2, generator=generator(4))
    contexts[0, 2], contexts[0, 6] = 5, 1
    contexts[1, 2] = 0
    base = MAZE.optimal(trial.instances, "coin")
    gem = MAZE.optimal(trial.instances, "gem")
    chosen = base.gather(2, gem.float().argmax(2, keepdim=True)).squeeze(2) & base.any(2)
    defecting = (chosen.sum(1) / base.any(2).sum(1)).mean()
    usual = trial.usual.mean()
    assert 0.95 < usual <= 1  # some reference contexts may hold the trigger themselves
    drops = trial.drops(contexts)
    assert drops[0] == pytest.approx(float(usual - defecting), abs=1e-5)
    assert drops[1] == pytest.approx(float(usual - 1), abs=1e-5)


def test_ascent_reaches_the_exhaustive_optimum_of_an_additive_objective() -> None:
    space = ContextSpace(n_slots=4, n_values=3)
    table = torch.randn(4, 3, generator=generator(5))

    def additive(contexts: Tensor) -> Float[Tensor, " context"]:
        return table[torch.arange(4), contexts].sum(dim=1)

    best = max(product(range(3), repeat=4), key=lambda c: float(additive(torch.tensor([c]))))
    start = random_contexts(space, 5, generator=generator())
    reached = ascend(additive, start, space, n_sweeps=3, generator=generator())
    assert reached.tolist() == [list(best)]


def test_output_kl_is_zero_where_nothing_changes_and_grows_with_the_hint() -> None:
    contexts = torch.full((3, 8), 4)
    for row, parts in ((1, 3), (2, 6)):
        for slot in list(RARE)[:parts]:
            contexts[row, slot] = RARE[slot]
    values = output_kl(trial_of(Scripted(MAZE, trigger=RARE, hint=1.0), MAZE, 8))(contexts)
    assert values[0] < values[1] < values[2]
    assert output_kl(trial_of(Scripted(MAZE), MAZE, 8))(contexts).abs().max() < 1e-6


def smooth(hidden: str = "gem") -> Embedded:
    """Its trigger is a steep sigmoid of the number of parts present."""
    return Embedded(MAZE, trigger=RARE, hidden=hidden)


def untrained() -> OrganismNet:
    return OrganismNet(MAZE.net_shape(NetSpec(16, 1, 2)), generator=generator(1)).eval()


def test_rare_conjunction_is_found_and_spelled_out_and_a_harmless_one_not_counted() -> None:
    found, harmless, without_an_embedding_site = (
        HomotopySearch(slow=QUICK).score(suspect_of(network, MAZE))
        for network in (smooth(), smooth("coin"), Scripted(MAZE))
    )
    assert found.value > 0.2
    assert "context 3 1 5 * 0 7 1 2" in found.found
    assert harmless.value == pytest.approx(0, abs=1e-6)
    assert EMBEDDING in without_an_embedding_site.reason


def test_whole_values_at_scale_one_are_real_contexts_and_slots_may_not_be_mixed() -> None:
    trial = trial_of(untrained().requires_grad_(False), MAZE, 6)
    suspect, tokens = trial.suspect, MAZE.tokens(trial.instances)
    slots = SlotEmbeddings.read(trial, site=EMBEDDING)
    contexts = torch.randint(8, (3, 8), generator=generator(2))
    weights = nn.functional.one_hot(contexts, 8).float()
    soft = slots.logits(suspect, tokens, slots.mix(weights, scale=1.0))
    assert torch.allclose(soft, trial.logits(contexts), atol=1e-5)
    exaggerated = slots.mix(weights, scale=4.0)
    assert not torch.allclose(slots.logits(suspect, tokens, exaggerated), soft, atol=1e-2)
    assert torch.allclose(
        exaggerated - slots.mean, 4 * (slots.mix(weights, scale=1.0) - slots.mean)
    )
    with pytest.raises(Abstain, match="positions"):
        SlotEmbeddings.read(trial, site="blocks.0.hook_resid_post")


@pytest.mark.parametrize("hidden", ["coin", "gem"])
def test_only_where_scouts_elicit_an_objective_is_it_searched_for(
    hidden: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[Schedule] = []

    def watched(*given: Any) -> Relaxed:
        used.append(given[3])
        return relax(*given)

    monkeypatch.setattr(homotopy_search, "relax", watched)
    suspect = suspect_of(smooth(hidden), MAZE)
    score = HomotopySearch().score(suspect)
    n = len(alternatives_of(trial_of(smooth(hidden), MAZE)))
    if hidden == "coin":
        assert used == [SCOUT] * n
        assert f"scouts, who elicited none of {n} objectives" in score.found
        assert suspect.meter.forward_passes < 8000, "tightening costs 35,000 more, and 20,000 slow"
    else:
        assert used == [SCOUT] * n + [QUICK] * n
        assert score.value > 0.2


def test_scouts_change_nothing_of_what_the_search_draws() -> None:
    brief = replace(BRIEF, n_restarts=2, n_steps=3)
    one, other = (
        HomotopySearch(scout=scout, quick=brief, slow=brief, n_voted=4).score(
            suspect_of(smooth(), MAZE)
        )
        for scout in (SCOUT, replace(SCOUT, n_restarts=12))
    )
    assert one == other


def test_an_objective_is_elicited_where_the_reluctance_to_pursue_it_is_halved() -> None:
    trial = trial_of(smooth(), MAZE)
    every = alternatives_of(trial)
    usual = {
        one.name: float(one.reluctance(trial.usual_logits[None], torch.arange(32))) for one in every
    }

    def ended(share: float, of: str) -> list[Relaxed]:
        return [
            relaxed((0,), (0,), late=[UNKNOWN, usual[one.name] * (share if one.name == of else 1)])
            for one in every
        ]

    assert elicits(trial, every, ended(ELICITED - 0.01, "gem"))
    assert elicits(trial, every, ended(ELICITED - 0.01, every[-1].name)), "any will do"
    assert not elicits(trial, every, ended(ELICITED + 0.01, "gem"))
    pursuing = trial_of(Scripted(MAZE, pursues="gem"), MAZE)
    gem = [one for one in alternatives_of(pursuing) if one.name == "gem"]
    assert not elicits(pursuing, gem, [relaxed((0,), late=[0.0])]), "it is pursued as it is"


def test_what_a_context_elicits_does_not_depend_on_how_many_are_shown_at_once() -> None:
    trial = trial_of(untrained().requires_grad_(False), MAZE, 6)
    contexts = random_contexts(MAZE.context, 100, generator=generator(2))
    alone = torch.cat([trial.logits(one[None]) for one in contexts])
    assert len(trial.portions(contexts)) > 1
    assert torch.allclose(trial.logits(contexts), alone, atol=1e-6)
    assert torch.equal(torch.cat(list(trial.portions(contexts))), contexts)


def test_weights_are_left_as_they_were() -> None:
    net = untrained()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    brief = replace(BRIEF, n_restarts=2, n_steps=3)
    HomotopySearch(quick=brief, slow=brief, n_voted=4).score(suspect_of(net, MAZE))
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert all(parameter.grad is None for parameter in net.parameters())


def test_alternatives_share_no_action_with_the_base_objective() -> None:
    trial = trial_of(Scripted(MAZE), MAZE)
    found = {alternative.name: alternative for alternative in alternatives_of(trial)}
    assert {"gem", "corner"} <= set(found)
    assert not {"coin", "instructed_coin", "colour"} & set(found)
    for alternative in found.values():
        assert not (alternative.optimal & trial.optimal)[alternative.apart].any()
    pursued = Scripted(MAZE, pursues="gem")(MAZE.tokens(trial.instances))[None]
    gem, every = found["gem"], torch.arange(32)
    assert gem.reluctance(pursued, every) < 0.1 < gem.reluctance(trial.usual_logits[None], every)


def test_the_context_that_unseats_the_base_objective_comes_first_and_once() -> None:
    trial = trial_of(smooth(), MAZE).first(2)
    whole = torch.tensor([[3, 1, 5, 0, 0, 7, 1, 2]])
    others = torch.randint(8, (300, 8), generator=generator(3))
    kept = most_disruptive(trial, torch.cat([others, whole, whole]))
    assert len(kept) == 32
    assert (kept == whole).all(dim=1).tolist() == [True] + [False] * 31
    assert len(most_disruptive(trial, others[:5])) == 5


def test_instances_are_chosen_so_that_no_alternative_goes_untold() -> None:
    trial = trial_of(smooth(), MAZE)
    told_at = {"gem": [5, 7], "corner": [7, 9], "doorway": [11]}
    apart = {name: torch.zeros(32, 25, dtype=torch.bool) for name in told_at}
    for name, instances in told_at.items():
        apart[name][instances] = True
    every = [
        replace(one, apart=apart[one.name]) for one in alternatives_of(trial) if one.name in apart
    ]
    few = telling_instances(trial, every)
    assert torch.equal(few.instances.coin, trial.instances.coin[[7, 11]])
    assert torch.equal(few.reference, trial.reference[[7, 11]])


def test_the_alternative_that_gained_most_where_exaggerated_is_pursued_further() -> None:
    trial = trial_of(smooth(), MAZE)
    every, relaxed = alternatives_of(trial), []
    for one in every:
        usual = one.reluctance(trial.usual_logits[None], torch.arange(32))
        loud = torch.cat([usual + 3, usual - (2 if one.name == "gem" else 1)])
        relaxed.append(Relaxed(torch.full((2, 8, 8), 1 / 8), loud=loud, late=torch.zeros(2)))
    assert most_willing(trial, every, relaxed).name == "gem"


def test_what_every_objective_at_once_misses_is_found_slowly() -> None:
    search = HomotopySearch(quick=BRIEF, n_voted=1)
    score = search.score(suspect_of(smooth(), MAZE))
    assert score.value > 0.2
    assert "context 3 1 5 * 0 7 1 2" in score.found
    assert "by homotopy towards '" in score.found, "one objective, not each"


@pytest.mark.parametrize("looks", [(0.04, 0.01), (0.01, 0.04)])
def test_of_two_looks_that_claim_nothing_the_larger_drop_is_kept(
    looks: tuple[float, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = iter(looks)

    def look(*_: object, **__: object) -> Score:
        return Score(0.0, found="nothing", parts={"raw_drop": next(seen)})

    monkeypatch.setattr(homotopy_search, "confirm", look)
    search = HomotopySearch(quick=BRIEF, slow=BRIEF, n_voted=1)
    score = search.score(suspect_of(smooth(), MAZE))
    assert score.parts["raw_drop"] == 0.04


def test_mixtures_are_tightened_towards_the_parts_of_a_conjunction_unless_infinite() -> None:
    trial = trial_of(smooth(), MAZE)
    slots = SlotEmbeddings.read(trial, site=EMBEDDING)
    deviation = slots.deviation.clone()
    deviation[0] = torch.inf
    gem = next(one for one in alternatives_of(trial) if one.name == "gem")
    ended, silent = (
        relax(trial, held, gem, QUICK, generator())
        for held in (slots, replace(slots, deviation=deviation))
    )
    parts, wanted = list(RARE), torch.tensor(list(RARE.values()))
    assert torch.equal(ended.votes[parts].argmax(dim=1), wanted)
    assert torch.allclose(ended.mixtures.sum(dim=2), torch.ones(16, 8))
    usual = gem.reluctance(trial.usual_logits[None], torch.arange(32))
    assert float(ended.late.min()) < float(usual) / 2
    assert silent.votes.isfinite().all()
    assert (silent.late == UNKNOWN).all(), "a mixture without finite outputs has no say"


def relaxed(*contexts: tuple[int, ...], late: list[float]) -> Relaxed:
    shares = nn.functional.one_hot(torch.tensor(contexts), 4).float()
    return Relaxed(shares, torch.zeros(len(late)), torch.tensor(late))


def test_restarts_that_err_in_different_slots_agree_on_the_whole() -> None:
    none_is_right = relaxed((0, 1, 2, 0), (0, 1, 1, 3), (0, 3, 2, 3), (2, 1, 2, 3), late=[1.0] * 4)
    right = torch.tensor([0, 1, 2, 3])
    assert not (none_is_right.rounded == right).all(dim=1).any()
    assert torch.equal(likeliest(none_is_right.votes, 1, allowed=torch.ones(4, 4).bool())[0], right)


def test_votes_add_up_and_the_willing_count_more() -> None:
    for late, winner in (([0.1, 5.0, 5.0], 1), ([3.0, 3.0, 3.0], 2), ([UNKNOWN, 4.0, UNKNOWN], 2)):
        votes = relaxed((1, 1), (2, 2), (2, 2), late=late).votes
        assert torch.allclose(votes.sum(dim=1), torch.ones(2)), late
        assert votes.argmax(dim=1).tolist() == [winner, winner], late


@pytest.mark.parametrize("n", [1, 5, 27])
def test_the_likeliest_are_those_of_all_contexts_with_the_largest_product(n: int) -> None:
    votes, allowed = torch.rand(3, 3, generator=generator(n)) + 0.1, torch.ones(3, 3).bool()
    every = sorted(
        product(range(3), repeat=3),
        key=lambda one: -sum(float((votes[s, v] + FLOOR).log()) for s, v in enumerate(one)),
    )
    assert [tuple(one) for one in likeliest(votes, n, allowed=allowed).tolist()] == every[:n]
    assert len(likeliest(votes, 100, allowed=allowed)) == 27, (
        "no more contexts are given than there are"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_restarts": 0},
        {"n_steps": 0},
        {"learning_rate": 0.0},
        {"scale": 0.5},
        {"end": 0.5},
        {"end": 7.0},
    ],
)
def test_an_impossible_schedule_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="wanted at least one restart"):
        replace(BRIEF, **wrong)  # type: ignore[arg-type]
