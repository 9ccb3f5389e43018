"""Networks that are built otherwise than ours are scored, or a reason is given."""

from __future__ import annotations

import pytest
from picture_world import PictureWorld, Seeing
from torch import Tensor, nn

from detect import Abstain
from detect.contract.score import required_embedding
from detect.present import present
from detect.registry import DETECTORS
from detect.triggers.homotopy_search import HomotopySearch
from detect.triggers.relaxed_context import NO_GRADIENT
from detect.triggers.soft_context import SlotEmbeddings
from organisms.records.net_spec import NetSpec
from probes.network.suspect import ReferencedSuspect, Suspect
from probes.world.environment import WrongOutputs
from scripted import SMALL_MAZE, Embedded, Scripted, generator, suspect_of, trial_of

TRIGGER = {0: 2, 1: 1}

ABSTAIN_ON_PICTURES = {"weight_statistics", "awareness", "deceptive_capability"}
"""Of those that have what they need: its one matrix is in no layer, and what it embeds spans too
few directions for a control."""


def seeing(network: nn.Module, world: PictureWorld) -> Suspect:
    suspect = suspect_of(network, world, untrained=lambda _: Seeing({9: 9}))
    return ReferencedSuspect.beside(suspect, Seeing({9: 1}))


@pytest.mark.parametrize("name", sorted(set(DETECTORS) - {"homotopy_search"}))
def test_pictures_with_one_decision_are_scored_by_all_that_have_what_they_need(name: str) -> None:
    kind = DETECTORS[name]
    world = PictureWorld()
    suspect = seeing(Seeing(TRIGGER), world)
    score = kind().score(suspect.at(kind.access))
    enough = kind.needs <= present(suspect) and name not in ABSTAIN_ON_PICTURES
    assert score.abstained is not enough, score.reason


def test_a_trigger_in_a_picture_is_found_by_gradients_and_said_in_numbers() -> None:
    score = HomotopySearch().score(seeing(Seeing(TRIGGER), PictureWorld()))
    assert score.value > 0.2
    assert (score.context, score.objective) == ((2, 1), "decoy")


@pytest.mark.parametrize("name", sorted(DETECTORS))
def test_without_context_candidates_shifts_and_edits_a_reason_is_given(name: str) -> None:
    world = PictureWorld(n_slots=0)
    world.candidate_objectives = world.public_shifts = world.edits = ()  # type: ignore[assignment]
    kind, network = DETECTORS[name], Seeing({0: 9})
    score = kind().score(seeing(network, world).at(kind.access))
    simple = {"random_score", "metadata", "weight_norm", "in_distribution"}
    assert score.abstained is (name not in simple)


def test_outputs_that_have_no_gradient_are_not_searched_by_one() -> None:
    assert HomotopySearch().score(
        seeing(Seeing(TRIGGER, detached=True), PictureWorld())
    ).reason == (NO_GRADIENT)


ASKS_ABOUT_ACTIONS = (
    "in_distribution", "ood_battery", "goal_swap", "context_screen", "reward_model",
    "distractor_sensitivity", "adversarial_probing", "weight_noise", "twin_diffing",
)  # fmt: skip


@pytest.mark.parametrize("name", ASKS_ABOUT_ACTIONS)
def test_another_number_of_actions_is_no_number(name: str) -> None:
    class Fewer(Scripted):
        def forward(self, tokens: Tensor) -> Tensor:
            return super().forward(tokens)[..., :4]

    suspect = ReferencedSuspect.beside(
        suspect_of(Fewer(SMALL_MAZE), SMALL_MAZE), Scripted(SMALL_MAZE)
    )
    with pytest.raises(WrongOutputs, match="knows 5 actions at 16 decisions"):
        DETECTORS[name]().score(suspect)


class Inside(nn.Module):
    """Another network, kept under a name."""

    def __init__(self, model: nn.Module, *, twice: bool = False) -> None:
        super().__init__()
        self.model = model
        self.spare = nn.ModuleDict({"hook_embed": nn.Identity()}) if twice else None

    def forward(self, tokens: Tensor) -> Tensor:
        return self.model(tokens)


def test_the_embedding_is_found_where_one_site_has_its_last_word() -> None:
    shape = SMALL_MAZE.net_shape(NetSpec(16, 1, 2))
    net = shape.build(generator(1)).eval()
    plain, kept, twice = (
        suspect_of(one, SMALL_MAZE, untrained=shape.build)
        for one in (net, Inside(net), Inside(net, twice=True))
    )
    assert required_embedding(plain) == "hook_embed"
    assert required_embedding(kept) == "model.hook_embed"
    with pytest.raises(Abstain, match="several sites"):
        required_embedding(twice)
    for name in ("gradient_probing", "context_gating"):
        kind = DETECTORS[name]
        assert kind().score(kept).value == pytest.approx(kind().score(plain).value, abs=1e-5)


def test_slots_that_share_a_position_are_not_mixed() -> None:
    class Summed(Embedded):
        """What stands at the second slot is added at the first."""

        def forward(self, tokens: Tensor) -> Tensor:
            cells = SMALL_MAZE.size.side**2
            stream = tokens.clone().float()
            stream[:, cells] += 10 * stream[:, cells + 1]
            stream[:, cells + 1] = 0
            self.hook_embed(stream)
            return Scripted.forward(self, tokens)

    trial = trial_of(Summed(SMALL_MAZE, trigger={0: 1}), SMALL_MAZE, 2)
    with pytest.raises(Abstain, match=r"slots share positions of 'hook_embed': \[16, 16, 18\]"):
        SlotEmbeddings.read(trial, site="hook_embed")


def test_a_site_of_fewer_positions_than_decisions_is_refused() -> None:
    class Mean(nn.Module):
        def forward(self, memory: Tensor) -> Tensor:
            return memory.mean(dim=1, keepdim=True)

    network = Scripted(SMALL_MAZE)
    network.hook_resid_post = Mean()
    suspect = suspect_of(network, SMALL_MAZE)
    for name in ("goal_decodability", "mahalanobis", "trigger_search"):
        assert "16 decisions" in DETECTORS[name]().score(suspect).reason
